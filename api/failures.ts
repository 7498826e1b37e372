import type { ErrorRequestHandler, Request, Response } from 'express';
import { StockcastError } from '../domain/errors.ts';
import { PROBLEM_TYPE, asStockcastError, problemOf } from './problem.ts';
import { scopeOf } from './request-context.ts';

const RETRY_AFTER_SECONDS = 5;

/** Middleware that answers every error with a problem document; those that nobody foresaw are logged. */
export const answerFailures: ErrorRequestHandler = (thrown: unknown, request, response, _next) => {
  const { requestId, signal, seen } = scopeOf(response);
  // Whoever has hung up has nobody to tell.
  if (signal.aborted) return;
  const error = asStockcastError(thrown, requestId);
  seen.code = error.code;
  if (error.status === 500) seen.trace = thrown;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error.status === 503) response.set('Retry-After', String(retryAfter(error)));
  response.status(error.status).type(PROBLEM_TYPE);
  response.send(JSON.stringify(problemOf(error, pathOf(request), requestId)));
};

/** Middleware for whatever no route took. */
export function refuseUnknownRoute(request: Request): never {
  throw new StockcastError('ROUTE_UNKNOWN', { method: request.method, path: pathOf(request) });
}

/** Middleware that stands behind the routes of one path: tells which methods it has. */
export function refuseOtherMethods(methods: readonly string[]) {
  const allowed = [...methods, 'OPTIONS'].join(', ');
  return (request: Request, response: Response): void => {
    response.set('Allow', allowed);
    if (request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    throw new StockcastError('METHOD_NOT_ALLOWED', { method: request.method, path: pathOf(request), allowed });
  };
}

function retryAfter({ details }: StockcastError): number {
  return typeof details.retryAfterSeconds === 'number' ? details.retryAfterSeconds : RETRY_AFTER_SECONDS;
}

function pathOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0]!;
}
