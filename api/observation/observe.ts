import { performance } from 'node:perf_hooks';
import type { RequestHandler, Response } from 'express';
import type { ApiParts } from '../parts.ts';
import { scopeOf } from '../request-context.ts';

/** Asked for by machines every few seconds: worth a line only when something is wrong, or on the level `debug`. */
export const QUIET = new Set(['/health', '/ready', '/metrics']);
/** What stands for the route of a request that no route took. */
export const UNMATCHED = 'unmatched';

/** Middleware that counts, times and logs every answer, once it is given or the client has gone. */
export function observe({ log, metrics }: Pick<ApiParts, 'log' | 'metrics'>): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    const { requestId, context, seen } = scopeOf(response);
    metrics.requestStarted();
    response.once('close', () => {
      const ms = performance.now() - started;
      const route = seen.route ?? UNMATCHED;
      const { statusCode: status, writableFinished } = response;
      metrics.requestEnded(request.method, route, status, ms);
      const level = levelOf(seen.trace, status, route);
      if (!log.isLevelEnabled(level)) return;
      log[level]({
        request_id: requestId,
        tenant: context.tenant,
        method: request.method,
        route,
        status,
        duration_ms: Math.round(ms * 1000) / 1000,
        ticker: seen.ticker,
        cache: seen.cache,
        quote_cache: seen.quoteCache,
        code: seen.code,
        error: seen.trace,
        // The client hung up, or was too slow, before it had everything.
        cut_off: writableFinished ? undefined : true,
      });
    });
    next();
  };
}

/** Notes which route a request took, as its template. */
export function noteRoute(response: Response, route: string): void {
  scopeOf(response).seen.route = route;
}

function levelOf(trace: unknown, status: number, route: string): 'error' | 'info' | 'debug' {
  if (trace !== undefined) return 'error';
  return QUIET.has(route) && status < 500 ? 'debug' : 'info';
}
