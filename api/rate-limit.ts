import type { Request, RequestHandler } from 'express';
import ipaddr from 'ipaddr.js';
import { StockcastError } from '../domain/errors.ts';
import { Hits, WINDOW_MS } from './hits.ts';
import { scopeOf } from './request-context.ts';

/** Somebody with IPv6 has whole networks of addresses: those of one /56 count as one client. */
const NETWORK_BYTES = 7;

/** What the rate limit goes by. */
export interface RateLimit {
  /** Requests a minute of one client address; 0: any number. */
  readonly perMinute: number;
  /** Paths that must always be answered, and do not count. */
  readonly unlimited: readonly string[];
  /** Proxies in front whose X-Forwarded-For is believed. */
  readonly trustedProxies: number;
  /** Keeps the counts; default: this process, for itself. */
  readonly hits?: Hits | undefined;
}

/**
 * Middleware that lets one client address make so many requests a minute, and says in the headers `RateLimit-Policy` and
 * `RateLimit` (IETF draft 7) how many are left.
 */
export function limitRate({ perMinute, unlimited, trustedProxies, hits = new Hits() }: RateLimit): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  const free = new Set(unlimited);
  const policy = `${perMinute};w=${WINDOW_MS / 1000}`;
  return (request, response, next) => {
    if (free.has(request.path)) {
      next();
      return;
    }
    const { n, resetSeconds } = hits.count(clientOf(request, trustedProxies));
    const left = `limit=${perMinute}, remaining=${Math.max(perMinute - n, 0)}, reset=${resetSeconds}`;
    scopeOf(response).headers.push('RateLimit-Policy', policy, 'RateLimit', left);
    if (n > perMinute) {
      response.setHeader('Retry-After', resetSeconds);
      const details = { limit: perMinute, seconds: resetSeconds, setting: 'STOCKCAST_RATE_LIMIT' };
      throw new StockcastError('RATE_LIMITED', details);
    }
    next();
  };
}

// Express reads the headers of proxies even where none is trusted.
function clientOf(request: Request, trustedProxies: number): string {
  const address = (trustedProxies === 0 ? request.socket.remoteAddress : request.ip) ?? '';
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, NETWORK_BYTES).join('.');
}
