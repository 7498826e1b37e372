import type { Request, RequestHandler, Response, Router } from 'express';
import type { Endpoint } from './endpoint.ts';
import { refuseOtherMethods } from './failures.ts';
import type { ApiParts } from './parts.ts';
import { jsonBody, readBy } from './read-request.ts';
import { noteRoute } from './observation/observe.ts';
import { scopeOf } from './request-context.ts';
import { refuseOtherSites } from './same-origin.ts';
import { WrittenAnswer } from './written-answer.ts';

/** Puts endpoints on a router, in their order, and behind each path an answer to the methods that it lacks. */
export function mount(router: Router, endpoints: readonly Endpoint[], parts: ApiParts): void {
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    const refuse = refuseOtherMethods(here.flatMap(methodsOf));
    const note: RequestHandler = (_request, response, next) => {
      noteRoute(response, path);
      next();
    };
    for (const endpoint of here) {
      // Express would answer HEAD by running the GET.
      if (!answersHead(endpoint)) router.head(path, note, refuse);
      const first = [
        note,
        ...(endpoint.changes === true && endpoint.method === 'get' ? [refuseOtherSites] : []),
        ...(endpoint.body === undefined ? [] : jsonBody()),
      ];
      router[endpoint.method](path, ...first, handlerOf(endpoint, parts));
    }
    router.all(path, note, refuse);
  }
}

function methodsOf(endpoint: Endpoint): string[] {
  return answersHead(endpoint) ? ['GET', 'HEAD'] : [endpoint.method.toUpperCase()];
}

function answersHead({ method, changes, answer }: Endpoint): boolean {
  return method === 'get' && changes !== true && answer.type !== 'text/event-stream';
}

function handlerOf(endpoint: Endpoint, parts: ApiParts): RequestHandler {
  return async (request, response) => {
    const scope = scopeOf(response);
    const params = endpoint.params === undefined ? {} : readBy(endpoint.params, pathValues(request), 'path');
    if ('ticker' in params) scope.seen.ticker = params.ticker as string;
    const call = {
      requestId: scope.requestId,
      context: scope.context,
      seen: scope.seen,
      get signal() {
        return scope.signal;
      },
      params,
      query: readBy(endpoint.query, { ...request.query }, 'query'),
      body: endpoint.body === undefined ? {} : readBy(endpoint.body.schema, request.body ?? {}, 'body'),
      request,
      response,
    };
    response.status(endpoint.answer.status);
    const answer = await endpoint.handle(parts, call as Parameters<Endpoint['handle']>[1]);
    // A stream has been written by its handler.
    if (response.headersSent) return;
    const { type } = endpoint.answer;
    if (answer instanceof WrittenAnswer) sendWritten(request, response, answer);
    else if (type === undefined) response.json(answer);
    else {
      if (response.get('Content-Type') === undefined) response.type(type);
      response.send(answer);
    }
  };
}

function sendWritten(request: Request, response: Response, { body, etag, cacheControl }: WrittenAnswer): void {
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', cacheControl);
  if (knows(request.headers['if-none-match'], etag)) {
    response.status(304).end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
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
  const params = Object.entries(request.params as Record<string, string | readonly string[]>);
  return Object.fromEntries(params.map(([name, value]) => [name, typeof value === 'string' ? value : value.join('/')]));
}
