import { z } from 'zod';
import { trialsAnswer } from '../../serving/trials-answer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { tickerField } from '../fields.ts';

const trial = z.object({
  trial: z.int().describe('From 0, the defaults'),
  status: z.enum(['running', 'finished', 'failed', 'cancelled']),
  loss: z
    .number()
    .nullable()
    .describe("RMSE of its walk-forward forecasts over naive's, both in forecast volatilities; lower is better"),
  parameters: z.record(z.string(), z.unknown()),
  attempts: z.int().describe('More than one when it had to begin again'),
  problem: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
});

const answer = z.object({
  ticker: z.string(),
  searches: z
    .array(
      z.object({
        search_id: z.string(),
        horizon: z.int(),
        model: z.string(),
        seed: z.int(),
        until: z.iso.date().describe('The newest session that the search saw; its choice is judged on later ones'),
        searched: z.array(z.string()).describe('The parameters that were looked for'),
        best: z.int().nullable().describe('The trial with the lowest loss so far'),
        trials: z.array(trial),
      }),
    )
    .describe('The newest search of each horizon and kind'),
});

/** `GET /trials/:ticker`: what the newest searches for parameters tried. */
export const trialsEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/trials/:ticker',
  summary: 'What the newest searches for parameters tried, and what came of it',
  params: z.strictObject({ ticker: tickerField }),
  answer: { status: 200, name: 'Trials', schema: answer },
  errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'],
  handle: ({ services }, { context, params: { ticker } }) => trialsAnswer(services, context, ticker),
});
