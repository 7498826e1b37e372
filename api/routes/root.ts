import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';

const LINKS = {
  documentation: '/docs',
  openapi: '/openapi.json',
  errors: '/docs/errors',
  health: '/health',
  ready: '/ready',
  performance: '/performance',
  metrics: '/metrics',
  tickers: '/tickers',
  leaderboard: '/leaderboard',
  models: '/models/status',
  runs: '/runs',
  approvals: '/approvals',
  backfills: '/backfills',
} as const;

const index = z.object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) });

/** `GET /`: what there is and where. */
export const indexEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/',
  summary: 'What there is and where',
  answer: { status: 200, name: 'Index', schema: index },
  errors: [],
  handle: async ({ version }) => ({ name: 'stockcast', version, links: LINKS }),
});
