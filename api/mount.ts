import type { Request, RequestHandler, Router } from 'express';
import type { Endpoint } from './endpoint.ts';
import { refuseOtherMethods } from './failures.ts';
import type { ApiParts } from './parts.ts';
import { jsonBody, readBy } from './read-request.ts';
import { scopeOf } from './request-context.ts';
import { refuseOtherSites } from './same-origin.ts';

/** Puts endpoints on a router, in their order, and behind each path an answer to the methods that it lacks. */
export function mount(router: Router, endpoints: readonly Endpoint[], parts: ApiParts): void {
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    const refuse = refuseOtherMethods(here.flatMap(methodsOf));
    for (const endpoint of here) {
      // Express would answer HEAD by running the GET.
      if (endpoint.changes === true) {
        router.head(path, refuse);
        router.get(path, refuseOtherSites);
      }
      router[endpoint.method](path, ...(endpoint.body === undefined ? [] : jsonBody()), handlerOf(endpoint, parts));
    }
    router.all(path, refuse);
  }
}

function methodsOf({ method, changes }: Endpoint): string[] {
  return method === 'get' ? (changes === true ? ['GET'] : ['GET', 'HEAD']) : [method.toUpperCase()];
}

function handlerOf(endpoint: Endpoint, parts: ApiParts): RequestHandler {
  return async (request, response) => {
    const call = {
      ...scopeOf(response),
      params: endpoint.params === undefined ? {} : readBy(endpoint.params, pathValues(request), 'path'),
      query: readBy(endpoint.query, { ...request.query }, 'query'),
      body: endpoint.body === undefined ? {} : readBy(endpoint.body.schema, request.body ?? {}, 'body'),
      request,
      response,
    };
    const answer = await endpoint.handle(parts, call as Parameters<Endpoint['handle']>[1]);
    const { status, type } = endpoint.answer;
    if (type === undefined) response.status(status).json(answer);
    else response.status(status).type(type).send(answer);
  };
}

// A wildcard's value comes as its segments, each decoded, however its slashes were written.
function pathValues(request: Request): Record<string, string> {
  const params = Object.entries(request.params as Record<string, string | readonly string[]>);
  return Object.fromEntries(params.map(([name, value]) => [name, typeof value === 'string' ? value : value.join('/')]));
}
