import { z } from 'zod';
import { featureAnswer } from '../../serving/feature-answer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { tickerField } from '../fields.ts';

const answer = z.object({
  ticker: z.string(),
  session: z.iso.date().describe('What it speaks of: nothing after the close of this session is in it'),
  feature_set: z.string().describe('Name of the list of features and their definitions'),
  dataset: z.string().describe('Identity of the dataset that they were computed from'),
  source: z
    .enum(['online', 'materialised'])
    .describe('What forecasts of now are made from, or what training reads; the two give the same numbers'),
  features: z.record(z.string(), z.number()),
});

/** `GET /features/:ticker`: what models look at. */
export const featuresEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/features/:ticker',
  summary: 'What models look at: the newest row of features, or the one of a past day',
  params: z.strictObject({ ticker: tickerField }),
  query: z.strictObject({
    as_of: z
      .string()
      .meta({
        format: 'date',
        description: 'What could be known at the end of this day in New York: later restatements count as unknown',
      })
      .optional(),
  }),
  answer: { status: 200, name: 'Features', schema: answer },
  errors: [
    'TICKER_INVALID',
    'TICKER_UNKNOWN',
    'DATE_INVALID',
    'FEATURES_MISSING',
    'TOO_FEW_SESSIONS',
    'DATABASE_UNAVAILABLE',
  ],
  handle: ({ services }, { context, params: { ticker }, query }) =>
    featureAnswer(services, context, ticker, query.as_of),
});
