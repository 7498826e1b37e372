import { Router } from 'express';
import swaggerUi from 'swagger-ui-express';
import { ERRORS } from '../domain/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { noteRoute } from './observation/observe.ts';
import { openApiDocument } from './openapi.ts';
import { scopeOf } from './request-context.ts';

const OPENAPI = '/openapi.json';

/** `GET /openapi.json`, `GET /docs` to browse and try it, and `GET /docs/errors`, where problem documents point to. */
export function documentation(endpoints: readonly Endpoint[], version: string): Router {
  const router = Router();
  let document: ReturnType<typeof openApiDocument> | undefined;
  router.use(['/docs', OPENAPI], (request, response, next) => {
    noteRoute(response, request.baseUrl);
    // Stays the same as long as the process runs.
    scopeOf(response).cacheControl = undefined;
    next();
  });
  router.get(OPENAPI, (_request, response) => {
    // A tenth of a second that the start of a process need not take.
    document ??= openApiDocument(endpoints, version);
    response.json(document);
  });
  const errors = errorPage();
  router.get('/docs/errors', (_request, response) => {
    response.type('html').send(errors);
  });
  // The page names its assets relative to itself.
  router.get('/docs', (request, response, next) => {
    if (request.path.endsWith('/')) next();
    else response.redirect(308, '/docs/');
  });
  const page = swaggerUi.setup(undefined, {
    customSiteTitle: 'stockcast API',
    // Without `validatorUrl: null` the page would ask a server on the internet to check the document.
    swaggerOptions: {
      ...{ url: OPENAPI, validatorUrl: null, tryItOutEnabled: true },
      // What each address answers is shown with it; all forms together would be longer than all else.
      ...{ defaultModelsExpandDepth: 0, displayRequestDuration: true },
    },
    customCss: '.swagger-ui .topbar { display: none }',
  });
  router.get('/docs', page);
  router.use('/docs', swaggerUi.serve);
  return router;
}

function errorPage(): string {
  const sections = Object.entries(ERRORS).map(
    ([code, { title, status, retryable, message }]) =>
      `<section id="${code}"><h2><code>${code}</code></h2><p>${escaped(title)}. HTTP status ${status}; ` +
      `${retryable ? 'the same request can succeed later' : 'the same request fails again'}.</p>` +
      `<p>${escaped(message)}</p></section>`,
  );
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>stockcast errors</title><link rel="icon" href="data:,">' +
    '<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em}' +
    'h2{font-size:1em;margin-bottom:0}p{margin:.2em 0}:target{background:#ff9}</style></head><body>' +
    `<h1>Errors</h1><p>What each code means and what to do: docs/errors.md.</p>${sections.join('')}</body></html>`
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
