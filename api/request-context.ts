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
  route: string | undefined;
  ticker: string | undefined;
  /** Whether its answer came from a cache. */
  cache: 'hit' | 'miss' | 'stale' | undefined;
  /** As `cache`, for its quote. */
  quoteCache: 'hit' | 'miss' | 'stale' | undefined;
  /** Code of the error that it was answered with. */
  code: string | undefined;
  /** A failure that nobody foresaw. */
  trace: unknown;
}

const SCOPE = Symbol('scope');
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Middleware that opens the scope of each request. */
export function openScope({ tenant, principal }: ApiSettings) {
  const context: Context = { tenant, principal, clock: systemClock };
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    (response.locals as { [SCOPE]?: RequestScope })[SCOPE] = new OpenScope(requestId, context, response);
    response.setHeader('X-Request-Id', requestId);
    next();
  };
}

class OpenScope implements RequestScope {
  readonly requestId: string;
  readonly context: Context;
  readonly seen: Seen = {
    route: undefined,
    ticker: undefined,
    cache: undefined,
    quoteCache: undefined,
    code: undefined,
    trace: undefined,
  };
  readonly #response: Response;
  #gone: AbortController | undefined;

  constructor(requestId: string, context: Context, response: Response) {
    this.requestId = requestId;
    this.context = context;
    this.#response = response;
  }

  // Most requests are answered before anybody asks for it.
  get signal(): AbortSignal {
    this.#gone ??= abortedByClosing(this.#response);
    return this.#gone.signal;
  }
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
