import { z } from 'zod';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { COMPARED, MOST_COMPARED, compareModels } from '../../serving/comparison.ts';
import { PICTURE_NAMES, pictureOf } from '../../serving/pictures.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { downloadUrl, horizonField, tickerField, wholeNumberField } from '../fields.ts';
import { prediction } from './predict.ts';

const errors = z
  .object({ rmse: z.number(), mae: z.number() })
  .describe('In log returns over the horizon, out of sample');

const intervals = z.object({
  coverage: z.number().describe('Share of outcomes inside'),
  mean_width: z.number(),
  winkler: z.number().describe('Winkler score; lower is better'),
});

const metrics = z.object({
  n_forecasts: z.int(),
  n_folds: z.int(),
  first_origin: z.iso.date(),
  last_origin: z.iso.date(),
  errors,
  naive_errors: errors,
  drift_errors: errors,
  rmse_ratio_to_naive: z.number().describe('Below 1 is better than the naive forecast'),
  rmse_ratio_to_drift: z.number(),
  diebold_mariano_p: z.number().describe('One-sided, against the naive forecast: small when the model is better'),
  champion: z
    .object({
      model: z.string(),
      model_id: z.string(),
      rmse_ratio: z.number(),
      diebold_mariano_p: z.number().nullable(),
    })
    .nullable()
    .describe('Beside what served when the certificate was written, unless that was naive or the model itself'),
  directional_accuracy: z.number(),
  directional_accuracy_interval: z.array(z.number()).length(2).describe('95% binomial interval'),
  always_up_accuracy: z.number().describe('What always saying "up" would have scored on the same days'),
  naive_directional_accuracy: z.number(),
  information_coefficient: z.number().describe('Rank correlation of forecast and outcome'),
  information_coefficient_p: z.number(),
  naive_information_coefficient: z.number(),
  intervals: z.array(
    z.object({
      level: z.number(),
      model: intervals,
      constant_width: intervals,
      naive: intervals.nullable().describe("Those of naive's own evaluation on the same days"),
    }),
  ),
  brier: z.number().describe('Brier score of the probability that the direction is right; lower is better'),
  brier_of_base_rate: z.number(),
});

const compared = z.object({
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
  stage: z
    .enum(['development', 'staging', 'production'])
    .describe('Trained; certified and passed by the gate; serving'),
  as_of: z.iso.date(),
  trained_at: z.string(),
  n_training_rows: z.int(),
  download_url: downloadUrl,
  dataset: z.object({ id: z.string(), download_url: downloadUrl }).describe('What it learnt from: bars as Parquet'),
  metrics: metrics.nullable().describe('Null when it was not evaluated'),
  certificate: z
    .object({ id: z.string(), passed: z.boolean(), download_url: downloadUrl, reasons: z.array(z.string()) })
    .nullable()
    .describe("Its newest certificate with the gate's verdict"),
  prediction: prediction
    .nullable()
    .describe("What it says of the newest session; null for one that is not its kind's newest evaluated version"),
  pictures: z.array(z.object({ name: z.string(), path: z.string(), download_url: downloadUrl })),
  notes: z.array(z.string()),
});

const comparison = z.object({
  ticker: z.string(),
  horizon: z.int(),
  promoted: z.string().nullable().describe('Kind of the model that serves'),
  reasons: z.array(z.string()).describe('Why it was promoted'),
  total: z.int().describe('How many versions there are'),
  offset: z.int(),
  next_offset: z.int().nullable().describe('Where the next page begins; null on the last'),
  models: z
    .array(compared)
    .describe('What serves first, then what passed the gate, then the rest; within a stage by RMSE over naive'),
});

/** `GET /models/compare/:ticker` and `GET /models/:id/pictures/:name`: all versions side by side, and in pictures. */
export const modelEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/models/compare/:ticker',
    summary: 'All model versions of a ticker and horizon beside each other and the baselines',
    description: `Defaults: horizon ${DEFAULT_HORIZON}, limit ${COMPARED}.`,
    params: z.strictObject({ ticker: tickerField }),
    query: z.strictObject({
      horizon: horizonField.optional(),
      limit: wholeNumberField(1, MOST_COMPARED, 'Most versions in one answer').optional(),
      offset: wholeNumberField(0, Number.MAX_SAFE_INTEGER, 'Where the page begins').optional(),
    }),
    answer: { status: 200, name: 'Comparison', schema: comparison },
    errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'HORIZON_INVALID', 'MODEL_MISSING', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params: { ticker }, query: { horizon = DEFAULT_HORIZON, limit, offset } }) =>
      compareModels(services, context, {
        ticker,
        horizon,
        ...(limit === undefined ? {} : { limit }),
        ...(offset === undefined ? {} : { offset }),
      }),
  }),
  endpoint({
    method: 'get',
    path: '/models/:id/pictures/:name',
    summary: "A picture of a model's evaluation",
    description:
      'SVG. `forecast`: the newest 250 forecasts with their intervals and what came; `reliability`: what was promised and ' +
      'what held; `error`: RMSE over naive in the course of time.',
    params: z.strictObject({
      id: z.string().meta({ description: 'Id of the model: 64 hex digits' }),
      name: z.string().meta({ enum: [...PICTURE_NAMES], description: 'Which picture' }),
    }),
    answer: { status: 200, name: 'Picture', type: 'image/svg+xml', schema: z.string() },
    errors: ['MODEL_UNKNOWN', 'OBJECT_MISSING', 'OBJECT_DAMAGED', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params: { id, name } }) => pictureOf(services, context, id, name),
  }),
];
