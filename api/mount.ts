import type { Request, RequestHandler, Router } from 'express';
import type { Endpoint } from './endpoint.ts';
import { refuseOtherMethods } from './failures.ts';
import type { ApiParts } from './parts.ts';
import { jsonBody, readBy } from './read-request.ts';
import { noteRoute } from './observation/observe.ts';
import { scopeOf } from './request-context.ts';
import { refuseOtherSites } from './same-origin.ts';

/** Puts endpoints on a router, in their order, and behind each path an answer to the methods that it lacks. */
export function mount(router: Router, endpoints: readonly Endpoint[], parts: ApiParts): void {
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    const refuse = refuseOtherMethods(here.flatMap(methodsOf));
    router.all(path, (_request, response, next) => {
      noteRoute(response, path);
      next();
    });
    for (const endpoint of here) {
      // Express would answer HEAD by running the GET.
      if (!answersHead(endpoint)) router.head(path, refuse);
      if (endpoint.changes === true) router.get(path, refuseOtherSites);
      router[endpoint.method](path, ...(endpoint.body === undefined ? [] : jsonBody()), handlerOf(endpoint, parts));
    }
    router.all(path, refuse);
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
      ...scope,
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
    if (type === undefined) {
      response.json(answer);
      return;
    }
    if (response.get('Content-Type') === undefined) response.type(type);
    response.send(answer);
  };
}

// A wildcard's value comes as its segments, each decoded, however its slashes were written.
function pathValues(request: Request): Record<string, string> {
  const params = Object.entries(request.params as Record<string, string | readonly string[]>);
  return Object.fromEntries(params.map(([name, value]) => [name, typeof value === 'string' ? value : value.join('/')]));
}
