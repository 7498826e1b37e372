import express, { type Express, type RequestHandler } from 'express';
import { documentation } from './documentation.ts';
import { answerFailures, refuseUnknownRoute } from './failures.ts';
import { mount } from './mount.ts';
import type { ApiParts } from './parts.ts';
import { openScope } from './request-context.ts';
import { allEndpoints } from './routes/index.ts';
import { refuseOtherOrigins } from './same-origin.ts';

/** The HTTP API on the given parts; it opens nothing and listens nowhere by itself. */
export function createApp(parts: ApiParts): Express {
  const endpoints = allEndpoints(parts);
  const app = express();
  app.disable('x-powered-by');
  // Answers carry the time at which they were given, so no two are equal.
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(openScope(parts.settings));
  app.use(refuseOtherOrigins(parts.settings.allowedHosts));
  app.use(header('X-Content-Type-Options', 'nosniff'));
  app.use(documentation(endpoints, parts.version));
  app.use(header('Cache-Control', 'no-store'));
  mount(app, endpoints, parts);
  app.use(refuseUnknownRoute);
  app.use(answerFailures(parts.log));
  return app;
}

function header(name: string, value: string): RequestHandler {
  return (_request, response, next) => {
    response.set(name, value);
    next();
  };
}
