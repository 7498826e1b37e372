import type { Request, RequestHandler } from 'express';
import { StockcastError } from '../domain/errors.ts';

/** Names and addresses by which a machine speaks to itself. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** `GET /train` starts a run, so it is guarded like a method that changes something. */
const CHANGES = /^\/train(\/|$)/;

/**
 * Middleware that keeps other sites in a browser from using an API that has no authentication. Where it is reached on
 * this machine's loopback address, the Host must be a loopback name: another one means that a page's own name was made
 * to point here. What changes something must not come from a page of another origin, as the browser says it.
 */
export function refuseOtherOrigins(): RequestHandler {
  return (request, _response, next) => {
    const host = request.headers.host ?? '';
    const isLocal = LOOPBACK_ADDRESS.test(request.socket.localAddress ?? '');
    if (isLocal && !LOOPBACK.test(host.replace(/:\d+$/, ''))) throw foreign('Host', host);
    if (READING.has(request.method) && !CHANGES.test(request.path)) return next();
    const site = header(request, 'sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign('Sec-Fetch-Site', site);
    const origin = header(request, 'origin');
    if (origin !== undefined && hostOf(origin) !== host) throw foreign('Origin', origin);
    next();
  };
}

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
