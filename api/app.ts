import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { documentation } from './documentation.ts';
import { answerFailures, refuseUnknownRoute } from './failures.ts';
import { mount } from './mount.ts';
import { observe } from './observation/observe.ts';
import { registerGauges } from './observation/register-gauges.ts';
import type { ApiParts } from './parts.ts';
import { limitRate } from './rate-limit.ts';
import { openScope } from './request-context.ts';
import { allEndpoints } from './routes/index.ts';
import { refuseOtherOrigins } from './same-origin.ts';

/** The HTTP API on the given parts; it opens nothing and listens nowhere by itself. */
export function createApp(parts: ApiParts): Express {
  const endpoints = allEndpoints();
  registerGauges(parts);
  const app = express();
  app.disable('x-powered-by');
  // Answers carry the time at which they were given, so no two are equal.
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', parts.settings.trustedProxies);
  app.use(openScope(parts.settings));
  app.use(observe(parts));
  app.use(securityHeaders);
  app.use(refuseOtherOrigins(parts.settings.allowedHosts));
  const unlimited = endpoints.filter((endpoint) => endpoint.unlimited === true).map(({ path }) => path);
  app.use(limitRate(parts.settings.rateLimit, unlimited));
  app.use(documentation(endpoints, parts.version));
  app.use(header('Cache-Control', 'no-store'));
  mount(app, endpoints, parts);
  app.use(refuseUnknownRoute);
  app.use(answerFailures);
  return app;
}

// The page at /docs brings scripts and pictures of its own and sets styles in place. Whether there is TLS is for what
// stands in front to say.
const securityHeaders = helmet({
  strictTransportSecurity: false,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
});

function header(name: string, value: string): RequestHandler {
  return (_request, response, next) => {
    response.set(name, value);
    next();
  };
}
