import type { Request, RequestHandler } from 'express';
import { StockcastError } from '../domain/errors.ts';

/** Names and addresses by which a machine speaks to itself. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Middleware that keeps other sites in a browser from using an API that has no authentication. A Host that is neither a
 * loopback name nor one of `allowedHosts` means that a page's own name was made to point here: it is refused where the
 * API is reached on the loopback address, and everywhere once any host is allowed by name. Methods that change
 * something are refused to other sites.
 */
export function refuseOtherOrigins(allowedHosts: readonly string[]): RequestHandler {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (request, response, next) => {
    const host = request.headers.host ?? '';
    const name = host.replace(/:\d+$/, '').toLowerCase();
    const isChecked = allowed.size > 0 || LOOPBACK_ADDRESS.test(request.socket.localAddress ?? '');
    if (isChecked && !LOOPBACK.test(name) && !allowed.has(name)) throw foreign('Host', host);
    if (READING.has(request.method)) next();
    else refuseOtherSites(request, response, next);
  };
}

/** Middleware for what changes something: refuses a page of another origin, as the browser says it. */
export const refuseOtherSites: RequestHandler = (request, _response, next) => {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign('Sec-Fetch-Site', site);
  const origin = header(request, 'origin');
  if (origin !== undefined && hostOf(origin) !== request.headers.host) throw foreign('Origin', origin);
  next();
};

function header(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function foreign(field: string, value: string): StockcastError {
  return new StockcastError('REQUEST_FOREIGN', { field, value });
}
