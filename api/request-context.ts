import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { type Context, systemClock } from '../domain/context.ts';
import type { ApiSettings } from './parts.ts';

/** What belongs to one request from its first byte to its last. */
export interface RequestScope {
  /** From the header `X-Request-Id`, where that is well-formed, else made up; given back in the same header. */
  readonly requestId: string;
  readonly context: Context;
  /** Names and values, alternating, that its answer's head is to have besides what this sets by itself. */
  readonly headers: string[];
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** What the log and the metrics are to say of the request; filled in on its way. */
  readonly seen: Seen;
}

/** A scope as middleware sees it. */
interface OpenedScope extends RequestScope {
  /** Of an answer that says nothing of it by itself; undefined: as it is. */
  cacheControl: string | undefined;
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

/** Middleware that opens the scope of each request; `common`: headers of every answer, names and values alternating. */
export function openScope({ tenant, principal }: ApiSettings, common: readonly string[]) {
  const context: Context = { tenant, principal, clock: systemClock };
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    (response.locals as { [SCOPE]?: OpenedScope })[SCOPE] = new OpenScope(requestId, context, response, common);
    next();
  };
}

class OpenScope implements OpenedScope {
  readonly requestId: string;
  readonly context: Context;
  readonly headers: string[];
  // Answers carry what was known when they were given.
  cacheControl: string | undefined = 'no-store';
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

  constructor(requestId: string, context: Context, response: Response, common: readonly string[]) {
    this.requestId = requestId;
    this.context = context;
    this.headers = ['X-Request-Id', requestId, ...common];
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
export function scopeOf(response: Response): OpenedScope {
  const scope = (response.locals as { [SCOPE]?: OpenedScope })[SCOPE];
  if (scope === undefined) throw new TypeError('the request has no scope: openScope must run first');
  return scope;
}
