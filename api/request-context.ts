import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { type Context, systemClock } from '../domain/context.ts';
import type { ApiSettings } from './parts.ts';

/** What belongs to one request from its first byte to its last. */
export interface RequestScope {
  /** From the header `X-Request-Id`, where that is well-formed, else made up; given back in the same header. */
  readonly requestId: string;
  readonly context: Context;
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** What the log and the metrics are to say of the request; filled in on its way. */
  readonly seen: Seen;
}

/** What came to light about a request while it was answered. */
export interface Seen {
  /** The template of its route, for example `/predict/:ticker`. */
  route?: string;
  ticker?: string;
  /** Whether its answer came from a cache. */
  cache?: 'hit' | 'miss' | 'stale';
  /** As `cache`, for its quote. */
  quoteCache?: 'hit' | 'miss' | 'stale';
  /** Code of the error that it was answered with. */
  code?: string;
  /** A failure that nobody foresaw. */
  trace?: unknown;
}

const SCOPE = Symbol('scope');
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Middleware that opens the scope of each request. */
export function openScope({ tenant, principal }: ApiSettings) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id') ?? '';
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    let gone: AbortController | undefined;
    const scope: RequestScope = {
      requestId,
      context: { tenant, principal, clock: systemClock },
      // Most requests are answered before anybody asks for it.
      get signal() {
        gone ??= abortedByClosing(response);
        return gone.signal;
      },
      seen: {},
    };
    (response.locals as { [SCOPE]?: RequestScope })[SCOPE] = scope;
    response.set('X-Request-Id', requestId);
    next();
  };
}

function abortedByClosing(response: Response): AbortController {
  const gone = new AbortController();
  const abort = () => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) abort();
  else response.once('close', abort);
  return gone;
}

/** The scope that `openScope` opened. */
export function scopeOf(response: Response): RequestScope {
  const scope = (response.locals as { [SCOPE]?: RequestScope })[SCOPE];
  if (scope === undefined) throw new TypeError('the request has no scope: openScope must run first');
  return scope;
}
