import type { Request, RequestHandler, Response, Router } from 'express';
import type { Context } from '../domain/context.ts';
import { writeWholeHead } from './answer-head.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { refuseOtherMethods } from './failures.ts';
import type { ApiParts } from './parts.ts';
import { jsonBody, readBy } from './read-request.ts';
import { noteRoute } from './observation/observe.ts';
import { type Seen, scopeOf } from './request-context.ts';
import { refuseOtherSites } from './same-origin.ts';
import { WrittenAnswer } from './written-answer.ts';

/** Puts endpoints on a router, in their order, and behind each path an answer to the methods that it lacks. */
export function mount(router: Router, endpoints: readonly Endpoint[], parts: ApiParts): void {
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    const refuse = refuseOtherMethods(here.flatMap(methodsOf));
    const refuseNoted: RequestHandler = (request, response) => {
      noteRoute(response, path);
      refuse(request, response);
    };
    // One route for all methods: the router holds each request against every route's path.
    const route = router.route(path);
    for (const endpoint of here) {
      // Express would answer HEAD by running the GET.
      if (!answersHead(endpoint)) route.head(refuseNoted);
      route[endpoint.method](...handlersOf(endpoint, parts));
    }
    route.all(refuseNoted);
  }
}

function handlersOf(endpoint: Endpoint, parts: ApiParts): RequestHandler[] {
  const answer = handlerOf(endpoint, parts);
  const first = [
    ...(endpoint.changes === true && endpoint.method === 'get' ? [refuseOtherSites] : []),
    ...(endpoint.body === undefined ? [] : jsonBody()),
  ];
  if (first.length === 0) return [answer];
  const note: RequestHandler = (_request, response, next) => {
    noteRoute(response, endpoint.path);
    next();
  };
  return [note, ...first, answer];
}

function methodsOf(endpoint: Endpoint): string[] {
  return answersHead(endpoint) ? ['GET', 'HEAD'] : [endpoint.method.toUpperCase()];
}

function answersHead({ method, changes, answer }: Endpoint): boolean {
  return method === 'get' && changes !== true && answer.type !== 'text/event-stream';
}

function handlerOf(endpoint: Endpoint, parts: ApiParts): RequestHandler {
  const { status, type } = endpoint.answer;
  return async (request, response) => {
    noteRoute(response, endpoint.path);
    const call = new OpenCall(endpoint, request, response);
    response.statusCode = status;
    const answer = await endpoint.handle(parts, call as unknown as Parameters<Endpoint['handle']>[1]);
    // A stream has been written by its handler.
    if (response.headersSent) return;
    if (answer instanceof WrittenAnswer) sendWritten(request, response, answer);
    else if (type === undefined) response.json(answer);
    else {
      if (response.get('Content-Type') === undefined) response.type(type);
      response.send(answer);
    }
  };
}

/** A request that an endpoint answers, its parts read by their schemas. */
class OpenCall implements Call<unknown, unknown, unknown> {
  readonly requestId: string;
  readonly context: Context;
  readonly headers: string[];
  readonly seen: Seen;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly request: Request;
  readonly response: Response;

  constructor({ params, query, body }: Endpoint, request: Request, response: Response) {
    const { requestId, context, headers, seen } = scopeOf(response);
    this.requestId = requestId;
    this.context = context;
    this.headers = headers;
    this.seen = seen;
    this.params = params === undefined ? {} : readBy(params, pathValues(request), 'path');
    seen.ticker = (this.params as { readonly ticker?: string }).ticker;
    this.query = readBy(query, { ...request.query }, 'query');
    this.body = body === undefined ? {} : readBy(body.schema, request.body ?? {}, 'body');
    this.request = request;
    this.response = response;
  }

  get signal(): AbortSignal {
    return scopeOf(this.response).signal;
  }
}

function sendWritten(request: Request, response: Response, { body, bytes, etag, cacheControl }: WrittenAnswer): void {
  const own = ['ETag', etag, 'Cache-Control', cacheControl];
  if (knows(request.headers['if-none-match'], etag)) {
    writeWholeHead(response, 304, own);
    response.end();
    return;
  }
  const type = 'application/json; charset=utf-8';
  writeWholeHead(response, response.statusCode, [...own, 'Content-Type', type, 'Content-Length', bytes]);
  // Node itself leaves the body out of an answer to HEAD.
  response.end(body);
}

// Express' own answer to this heeds the request's Cache-Control, which is meant for caches on the way, and which clients
// add by themselves to a condition (fetch in Node does).
function knows(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition.split(',').some((known) => [etag, etag.replace(/^W\//, ''), '*'].includes(known.trim()));
}

// A wildcard's value comes as its segments, each decoded, however its slashes were written.
function pathValues(request: Request): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name in request.params) {
    const value = request.params[name]!;
    values[name] = typeof value === 'string' ? value : value.join('/');
  }
  return values;
}
