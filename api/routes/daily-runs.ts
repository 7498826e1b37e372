import { z } from 'zod';
import type { SessionDate } from '../../domain/bar.ts';
import { startDaily, startJudging } from '../../serving/daily-runs.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { asOfField, tickerField } from '../fields.ts';
import { linked } from '../run-links.ts';
import { runStatus } from './runs.ts';

const answer = {
  status: 202,
  name: 'DailyRun',
  schema: z.object({
    run_id: z.string(),
    status: runStatus,
    status_url: z.string().describe('Where progress, result and failure can be read'),
    ui: z.string().nullable(),
    joined: z.boolean(),
  }),
} as const;
const ofTickers = z.strictObject({ ticker: tickerField.optional(), as_of: asOfField.optional() });
const tickerErrors = ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'] as const;
const errors = ['DATE_INVALID', 'TEMPORAL_UNAVAILABLE'] as const;

/** `POST /score`, `POST /drift`, `POST /experiments/judge`: what schedules do daily, done now. */
export const dailyEndpoints: readonly Endpoint[] = [
  ofTickersEndpoint('score', 'Score the forecasts whose outcome is known by now, each once, then judge live records'),
  ofTickersEndpoint('drift', 'Look for drift of what serves: features, errors and coverage of intervals'),
  endpoint({
    method: 'post',
    path: '/experiments/judge',
    summary: 'Judge all running experiments by what has matured, and carry out what follows',
    description: 'Asked again while it is under way, it joins that run.',
    query: ofTickers.pick({ as_of: true }),
    answer,
    errors,
    handle: async ({ temporal }, call) => linked(await startJudging(temporal, call.context, call.query.as_of), call),
  }),
];

function ofTickersEndpoint(what: 'score' | 'drift', summary: string): Endpoint {
  return endpoint({
    method: 'post',
    path: `/${what}`,
    summary,
    description: 'Asked again while it is under way, it joins that run. Without `ticker`, all.',
    query: ofTickers,
    answer,
    errors: [...tickerErrors, ...errors],
    handle: async ({ services, temporal }, call) =>
      linked(await startDaily(services, temporal, call.context, what, wish(call.query)), call),
  });
}

function wish({ ticker, as_of: asOf }: z.output<typeof ofTickers>): { ticker?: string; asOf?: SessionDate } {
  return { ...(ticker === undefined ? {} : { ticker }), ...(asOf === undefined ? {} : { asOf }) };
}
