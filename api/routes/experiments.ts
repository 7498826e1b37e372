import { z } from 'zod';
import { EXPERIMENT_MODES, EXPERIMENT_STATES, SPLIT_BY } from '../../domain/experiment.ts';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { experimentAnswer } from '../../serving/experiment-answer.ts';
import { experimentNamed, startExperiment, stopExperiment } from '../../serving/experiments.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { flagField, horizonField, tickersField, wholeNumberField } from '../fields.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

const by = z.string().optional().meta({ description: 'Who says so, for the ledger; default: the principal' });

const wish = z
  .strictObject({
    tickers: tickersField,
    horizon: horizonField.optional(),
    challenger: z.string().meta({
      description:
        'A kind, whose newest evaluated version of each ticker is meant, or for one ticker the id of a model',
    }),
    mode: z.enum(EXPERIMENT_MODES).optional().meta({ description: 'Default: shadow' }),
    share: z.number().optional().meta({ description: 'Of a split: the share, above 0 and at most 1' }),
    split_by: z.enum(SPLIT_BY).optional().meta({ description: 'Of a split: of what it is a share; default: ticker' }),
    looks: z
      .array(z.number())
      .optional()
      .meta({ description: 'Numbers of pairs at which it is looked at; default: 20, 40, 80, 160' }),
    alpha: z.number().optional().meta({ description: 'Probability of a false promotion; default: 0.05' }),
    by,
  })
  .meta({ examples: [{ tickers: ['AAPL'], challenger: 'linear', mode: 'shadow' }] });

const experiment = z.object({
  experiment_id: z.string(),
  state: z.enum(EXPERIMENT_STATES),
  mode: z.enum(EXPERIMENT_MODES),
  horizon: z.int(),
  share: z.number().nullable(),
  split_by: z.enum(SPLIT_BY).nullable(),
  tickers: z.array(
    z.object({
      ticker: z.string(),
      champion: z.string(),
      champion_id: z.string(),
      challenger: z.string(),
      challenger_id: z.string(),
    }),
  ),
  stopping_rule: z.object({
    looks: z.array(z.int()).describe('Sessions with a pair at each look; the last ends the experiment'),
    alpha: z.number().describe('Over all looks, on each side'),
  }),
  looks: z.array(
    z.object({
      n: z.int(),
      at: z.string(),
      rmse_ratio: z.number().describe("The challenger's over the champion's; below 1 is better"),
      p_better: z.number(),
      p_worse: z.number(),
      level: z.number().describe('What either p had to stay below'),
    }),
  ),
  reasons: z.array(z.string()).describe('Why it ended as it did'),
  started_at: z.string(),
  started_by: z.string(),
  ended_at: z.string().nullable(),
});

const params = z.strictObject({ id: z.string() });

/** `GET` and `POST /experiments`, `GET /experiments/:id`, `POST /experiments/:id/stop`. */
export const experimentEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/experiments',
    summary: 'Challengers held against what serves, newest first',
    query: z.strictObject({
      running: flagField('Only those that run').optional(),
      limit: wholeNumberField(1, MAX_LIMIT, `How many; default ${DEFAULT_LIMIT}`).optional(),
    }),
    answer: {
      status: 200,
      name: 'ExperimentList',
      schema: z.object({ experiments: z.array(experiment) }),
    },
    errors: ['DATABASE_UNAVAILABLE'],
    handle: async ({ services }, { context, query: { running = false, limit = DEFAULT_LIMIT } }) => ({
      experiments: (await services.experiments.list(context, { running, limit })).map(experimentAnswer),
    }),
  }),
  endpoint({
    method: 'post',
    path: '/experiments',
    summary: 'Hold a challenger against what serves',
    description: `Defaults: horizon ${DEFAULT_HORIZON}, in shadow. The stopping rule is stated now and does not change.`,
    body: { name: 'ExperimentWish', schema: wish },
    answer: { status: 201, name: 'Experiment', schema: experiment },
    errors: [
      'TICKER_INVALID',
      'TICKER_UNKNOWN',
      'HORIZON_INVALID',
      'EXPERIMENT_REFUSED',
      'OBJECT_MISSING',
      'OBJECT_DAMAGED',
      'MEDIA_TYPE_UNSUPPORTED',
      'REQUEST_TOO_LARGE',
      'DATABASE_UNAVAILABLE',
    ],
    handle: async ({ services }, { context, body, response }) => {
      const { tickers, horizon = DEFAULT_HORIZON, challenger, mode = 'shadow', share, split_by: splitBy } = body;
      const started = await startExperiment(services, context, {
        ...{ tickers, horizon, challenger, mode, share, splitBy },
        ...{ looks: body.looks, alpha: body.alpha, by: body.by },
      });
      response.location(`/experiments/${started.id}`);
      return experimentAnswer(started);
    },
  }),
  endpoint({
    method: 'get',
    path: '/experiments/:id',
    summary: 'One experiment: its stopping rule, what was found at each look, and its verdict',
    params,
    answer: { status: 200, name: 'Experiment', schema: experiment },
    errors: ['EXPERIMENT_UNKNOWN', 'DATABASE_UNAVAILABLE'],
    handle: async ({ services }, { context, params: { id } }) =>
      experimentAnswer(await experimentNamed(services, context, id)),
  }),
  endpoint({
    method: 'post',
    path: '/experiments/:id/stop',
    summary: 'End an experiment without a verdict',
    description: 'What serves goes on. One that has ended stays as it ended.',
    params,
    body: {
      name: 'ExperimentStop',
      schema: z
        .strictObject({ reason: z.string().min(1).meta({ description: 'Why, for the ledger' }), by })
        .meta({ examples: [{ reason: 'the challenger is retired', by: 'Ada' }] }),
    },
    answer: { status: 200, name: 'Experiment', schema: experiment },
    errors: ['EXPERIMENT_UNKNOWN', 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE', 'DATABASE_UNAVAILABLE'],
    handle: async ({ services }, { context, params: { id }, body }) =>
      experimentAnswer(await stopExperiment(services, context, id, body)),
  }),
];
