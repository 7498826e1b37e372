import type { RequestHandler } from 'express';
import { type Store, rateLimit } from 'express-rate-limit';
import { StockcastError } from '../domain/errors.ts';

const WINDOW_MS = 60_000;

/**
 * Middleware that lets one client address make so many requests a minute (0: any number), and says in the headers
 * `RateLimit-Policy` and `RateLimit` how many are left (draft 7: later ones hash the address for each answer). What must
 * always be answered does not count. `store` keeps the counts; default: this process, for itself.
 */
export function limitRate(perMinute: number, unlimited: readonly string[], store?: Store): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  const free = new Set(unlimited);
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    ...(store === undefined ? {} : { store }),
    skip: (request) => free.has(request.path),
    handler: (_request, response) => {
      const seconds = Number(response.get('Retry-After'));
      throw new StockcastError('RATE_LIMITED', { limit: perMinute, seconds, setting: 'STOCKCAST_RATE_LIMIT' });
    },
  });
}
