import { z } from 'zod';
import { DRIFT_CHECKS } from '../../domain/drift.ts';
import { driftAnswer } from '../../serving/drift-answer.ts';
import { endpoint } from '../endpoint.ts';
import { tickerField } from '../fields.ts';

const untold = z.object({ untold: z.string().describe('Why nothing can be said') });
const stretch = z.object({ first: z.iso.date(), last: z.iso.date() });

const comparison = z.object({
  n_reference: z.int().describe('Rows that the window is compared with'),
  n_window: z.int(),
  p: z.number().describe('The least of the columns'),
  columns: z.array(
    z.object({
      name: z.string(),
      psi: z.number().describe('Population stability index'),
      ks: z.number().describe('Statistic of Kolmogorov and Smirnov'),
      spread_ks: z.number().describe("The same of distances from the reference's median"),
      usual_psi: z.number().describe('What is usual without drift: the median over windows as long in the reference'),
      usual_ks: z.number(),
      usual_spread_ks: z.number(),
      p: z.number().describe('Probability of a distance as large in any of the columns without drift'),
    }),
  ),
});

const coverage = z.union([
  z.object({
    promised: z.number(),
    coverage: z.number().describe('Share of outcomes that came inside'),
    n: z.int(),
    n_independent: z.int().describe('Forecasts that overlap count for fewer'),
    p: z.number().describe('Of the exact binomial test, two-sided'),
  }),
  untold,
]);

const report = z.object({
  horizon: z.int(),
  model: z.string(),
  version: z.int(),
  model_id: z.string(),
  serves: z.boolean().describe('Whether the model serves now'),
  session: z.iso.date().describe('The newest session that was seen'),
  made_at: z.string(),
  alarms: z.array(z.enum(DRIFT_CHECKS)),
  level: z.number().describe('A check with a p of at most this raises an alarm'),
  features: z
    .union([comparison.extend({ training: stretch, window: stretch }), untold])
    .describe('The newest sessions against those that the model learnt from'),
  residuals: z
    .union([comparison, untold])
    .describe('Errors of live forecasts against those out of sample, in half-widths of their 80% intervals'),
  coverage80: coverage.describe('Live 80% intervals'),
  coverage95: coverage.describe('Live 95% intervals'),
});

/** `GET /drift/:ticker`: the newest drift report of each horizon. */
export const driftEndpoint = endpoint({
  method: 'get',
  path: '/drift/:ticker',
  summary: 'Whether features, errors and intervals of what serves are still as when it was trained',
  description:
    'The newest stored report of each horizon. `POST /drift`, `npx stockcast drift` or a schedule makes them.',
  params: z.strictObject({ ticker: tickerField }),
  answer: { status: 200, name: 'Drift', schema: z.object({ ticker: z.string(), reports: z.array(report) }) },
  errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'],
  handle: ({ services }, { context, params: { ticker } }) => driftAnswer(services, context, ticker),
});
