import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { completeHeads } from './answer-head.ts';
import { documentation } from './documentation.ts';
import { answerFailures, refuseUnknownRoute } from './failures.ts';
import { mount } from './mount.ts';
import { observe } from './observation/observe.ts';
import { registerGauges } from './observation/register-gauges.ts';
import { traceRequests } from './observation/trace-requests.ts';
import type { ApiParts } from './parts.ts';
import { limitRate } from './rate-limit.ts';
import { openScope } from './request-context.ts';
import { allEndpoints } from './routes/index.ts';
import { refuseOtherOrigins } from './same-origin.ts';

/** The HTTP API on the given parts; it opens nothing and listens nowhere by itself. */
export function createApp(parts: ApiParts): Express {
  const endpoints = allEndpoints();
  registerGauges(parts);
  logRestatements(parts);
  const app = express();
  app.disable('x-powered-by');
  // Answers carry the time at which they were given, so no two are equal.
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', parts.settings.trustedProxies);
  completeHeads(app);
  const unlimited = endpoints.filter((endpoint) => endpoint.unlimited === true).map(({ path }) => path);
  app.use(
    inTurn([
      openScope(parts.settings, securityHeaders()),
      ...(parts.tracer === undefined ? [] : [traceRequests(parts.tracer)]),
      observe(parts),
      refuseOtherOrigins(parts.settings.allowedHosts),
      limitRate({
        perMinute: parts.settings.rateLimit,
        trustedProxies: parts.settings.trustedProxies,
        hits: parts.siblings?.hits,
        unlimited,
      }),
    ]),
  );
  mount(app, endpoints, parts);
  app.use(documentation(endpoints, parts.version));
  app.use(refuseUnknownRoute);
  app.use(answerFailures);
  return app;
}

/** Has changed history logged, however it was taken in. */
function logRestatements({ services, log }: ApiParts): void {
  services.alarm.listen(({ restatement_id: id, source, tickers, affected, retraining, problem }) => {
    log.warn(
      {
        restatement: id,
        source,
        changed: tickers.map(({ summary }) => summary),
        datasets: affected?.datasets.length,
        models: affected?.models.length,
        forecasts: affected?.n_forecasts,
        serving: retraining.tickers,
        run: retraining.run_id,
        problem,
      },
      'known history was changed',
    );
  });
}

// The page at /docs brings scripts and pictures of its own and sets styles in place. Whether there is TLS is for what
// stands in front to say.
const secure = helmet({
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

/** What helmet puts on an answer, names and values alternating: the same on each, so that it is asked once. */
function securityHeaders(): string[] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  secure(request, response, (error?: unknown) => {
    if (error !== undefined) throw new TypeError('helmet cannot say its headers', { cause: error });
  });
  return Object.entries(response.getHeaders()).flatMap(([name, value]) => [name, String(value)]);
}

/** Middleware of several, one after the other: the router would try each one's path for every request. */
function inTurn([first, ...rest]: readonly RequestHandler[]): RequestHandler {
  if (first === undefined) return (_request, _response, next) => next();
  const then = inTurn(rest);
  return (request, response, next) =>
    first(request, response, (error?: unknown) => {
      if (error === undefined) then(request, response, next);
      else next(error);
    });
}
