import { SpanKind, SpanStatusCode, type Tracer, context, propagation, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { scopeOf } from '../request-context.ts';
import { QUIET, UNMATCHED } from './observe.ts';

/**
 * Middleware that makes each request a span, with its route and ticker and nothing that the client wrote; a caller's
 * trace (`traceparent`) goes on in it. What the request starts belongs to the same trace.
 */
export function traceRequests(tracer: Tracer): RequestHandler {
  return (request, response, next) => {
    if (QUIET.has(request.path)) {
      next();
      return;
    }
    const caller = propagation.extract(context.active(), request.headers);
    const attributes = { 'http.request.method': request.method };
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, attributes }, caller);
    response.once('close', () => {
      const { requestId, seen } = scopeOf(response);
      const route = seen.route ?? UNMATCHED;
      span.updateName(`${request.method} ${route}`);
      span.setAttributes({
        'http.route': route,
        'http.response.status_code': response.statusCode,
        'stockcast.request_id': requestId,
        ...(seen.ticker === undefined ? {} : { 'stockcast.ticker': seen.ticker }),
        ...(seen.code === undefined ? {} : { 'error.type': seen.code }),
      });
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(caller, span), next);
  };
}
