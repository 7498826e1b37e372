import { EXPERIMENT_STATES } from '../../domain/experiment.ts';
import { z } from 'zod';
import { DRIFT_CHECKS } from '../../domain/drift.ts';
import { STAGES } from '../../domain/run.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import { cancelRun, describeRun, listRuns } from '../../serving/runs.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { wholeNumberField } from '../fields.ts';
import { runPath, statusUrl } from '../run-links.ts';
import { runParams, verdictEndpoint } from './approvals.ts';
import { parkedState } from './parked-state.ts';
import { runEventsEndpoint } from './run-events.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;

/** How a run is doing. */
export const runStatus = z.enum(['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed_out', 'unknown']);

const failure = z.object({
  code: z.string().describe('A code of docs/errors.md, or the name of the failure'),
  message: z.string(),
});

const tickerState = z.object({
  ticker: z.string(),
  status: z.enum(['waiting', 'running', 'completed', 'failed']),
  run_id: z.string().optional(),
  stages: z
    .array(
      z.object({
        stage: z.enum([...STAGES, 'score', 'drift']),
        status: z.enum(['waiting', 'running', 'done', 'failed']),
        done: z.number().describe('Units of work that are done'),
        total: z.number(),
      }),
    )
    .optional(),
  awaiting_approval: z
    .array(z.object({ horizon: z.int(), model: z.string() }))
    .optional()
    .describe("What waits for a person's verdict: POST /runs/:id/verdict"),
  parked: parkedState.optional().describe('Why it is parked: POST /runs/:id/correct or /runs/:id/accept'),
  failure: failure.optional(),
});

const tickerResult = z.object({
  ticker: z.string(),
  as_of: z.iso.date().describe('The newest session that was learnt from'),
  dataset_id: z.string(),
  promotions: z.array(
    z.object({
      horizon: z.int(),
      model: z.string(),
      model_id: z.string(),
      moved_live: z.boolean().describe('Whether this model serves now and did not before'),
    }),
  ),
  notes: z.array(z.string()),
});

const universeResult = z.object({
  notes: z.array(z.string()).optional().describe('Of pooled models: who is not in the pool, or why there are none'),
  outcomes: z.array(
    z.object({
      ticker: z.string(),
      status: z.enum(['completed', 'failed']),
      run_id: z.string(),
      failure: failure.optional(),
    }),
  ),
});

const scoringResult = z.object({
  as_of: z.iso.date().describe('The newest session that was looked at, or the day'),
  scored: z.int().describe('Scores that were entered'),
  live: z.int().describe('Those of them that were made before their outcome was known'),
  passed_over: z.int().describe('Scored by another run a moment before, or of sessions that cannot be seen'),
  judged: z.int().describe('Live records that were looked at: of what serves, naive left out'),
  n_behind_naive: z.int(),
  n_demoted: z.int(),
  behind_naive: z
    .array(
      z.object({
        ticker: z.string(),
        horizon: z.int(),
        model: z.string(),
        n: z.int(),
        rmse_ratio_to_naive: z.number(),
        p: z.number(),
      }),
    )
    .describe('The first few'),
  problems: z.array(z.string()).describe('Why something could not be demoted, the first few'),
});

const driftResult = z.object({
  as_of: z.iso.date().describe('The day that it looked from'),
  checked: z.int().describe('Models that were looked at'),
  untold: z.int().describe('Those of which nothing can be said yet'),
  n_alarming: z.int(),
  alarming: z
    .array(
      z.object({
        ticker: z.string(),
        horizon: z.int(),
        model: z.string(),
        model_id: z.string(),
        alarms: z.array(z.enum(DRIFT_CHECKS)),
      }),
    )
    .describe('The first few'),
  retraining: z.object({
    tickers: z.array(z.string()).describe('What is trained again because of it'),
    run_ids: z.array(z.string()),
    problems: z.array(z.string()),
  }),
});

const judgementResult = z.object({
  as_of: z.iso.date().describe('Only outcomes up to then count'),
  experiments: z.array(
    z.object({
      experiment_id: z.string(),
      state: z.enum(EXPERIMENT_STATES),
      pairs: z.int().describe('Sessions with a pair that counts, so far'),
      next_look: z.int().nullable().describe('The number of pairs at which it is looked at next'),
      reasons: z.array(z.string()),
      problems: z.array(z.string()).describe('Why one of its models could not forecast'),
    }),
  ),
});

const skippedResult = z.object({
  verdict: z.literal('skipped'),
  reason: z.string().describe('Why a run that a schedule started had nothing to do'),
});

const ingestResult = z.object({
  as_of: z.iso.date().describe('The newest session that was fetched'),
  verdict: z.enum(['completed', 'failed']).describe('`failed` when some tickers did'),
  source: z.string(),
  tickers: z.int(),
  rows: z.int().describe('New rows that were stored'),
  behind: z.int().describe('Tickers of which the source does not have the newest session yet'),
  failed: z.int(),
  failures: z.array(failure.extend({ ticker: z.string() })).describe('The first few'),
});

const retrainResult = z.object({
  as_of: z.iso.date().describe("The exchange's newest session when the run was due"),
  run_id: z.string().describe('The run of many tickers that trained'),
  verdict: z.enum(['completed', 'failed']).describe('`failed` when some tickers did'),
  live: z.boolean().describe('Whether what it promoted may serve'),
  joined: z.boolean().describe('Whether somebody else had started that run'),
  failed: z.array(z.object({ ticker: z.string(), code: z.string().optional() })),
});

/** A run as it stands. */
export const runSchema = z.object({
  run_id: z.string(),
  workflow: z.string(),
  status: runStatus,
  started_at: z.string(),
  closed_at: z.string().nullable(),
  progress: z.array(tickerState).optional().describe('Of running runs, while a worker answers'),
  retrying: z
    .array(z.object({ activity: z.string(), attempt: z.int(), last_failure: z.string() }))
    .optional()
    .describe('Of running runs: what is failing and tried again'),
  result: z
    .union([
      tickerResult,
      universeResult,
      scoringResult,
      driftResult,
      judgementResult,
      skippedResult,
      ingestResult,
      retrainResult,
    ])
    .optional(),
  failure: failure.optional(),
  ui: z.string().nullable().describe("The run in Temporal's Web UI; null where its address is not known"),
});

/** Runs, newest first. */
export const runList = z.object({
  runs: z.array(
    z.object({
      run_id: z.string(),
      workflow: z.string(),
      status: runStatus,
      stage: z
        .string()
        .nullable()
        .describe(
          'Where it is, or was when it ended; of running runs, `parked` and `awaiting-approval` wait for a person',
        ),
      started_at: z.string(),
      closed_at: z.string().nullable(),
      status_url: z.string(),
    }),
  ),
});

const cancellation = z.object({ run_id: z.string(), cancel_requested: z.literal(true), status_url: z.string() });

/** `GET /runs`, `GET /runs/*id`, `POST /runs/*id/cancel`, `POST /runs/*id/verdict`, `GET /runs/*id/events`. The longer path stands first: the wildcard would take it. */
export const runsEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/runs',
    summary: 'The newest runs, newest first',
    query: z.strictObject({ limit: wholeNumberField(1, MAX_LIMIT, `How many; default ${DEFAULT_LIMIT}`).optional() }),
    answer: { status: 200, name: 'RunList', schema: runList },
    errors: ['TEMPORAL_UNAVAILABLE'],
    handle: async ({ temporal }, { context, query, request }) => {
      const runs = await listRuns(temporal, context, query.limit ?? DEFAULT_LIMIT);
      return { runs: runs.map((summary) => ({ ...summary, status_url: statusUrl(request, summary.run_id) })) };
    },
  }),
  endpoint({
    method: 'post',
    path: '/runs/*id/cancel',
    summary: 'Ask a run to stop',
    params: runParams,
    answer: { status: 202, name: 'Cancellation', schema: cancellation },
    errors: ['RUN_UNKNOWN', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ temporal }, { context, params: { id }, request, response }) => {
      await cancelRun(temporal, context, id);
      response.location(runPath(id));
      return { run_id: id, cancel_requested: true as const, status_url: statusUrl(request, id) };
    },
  }),
  verdictEndpoint,
  runEventsEndpoint,
  endpoint({
    method: 'get',
    path: '/runs/*id',
    summary: 'How far a run is, or how it ended',
    params: runParams,
    answer: { status: 200, name: 'Run', schema: runSchema },
    errors: ['RUN_UNKNOWN', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ temporal }, { context, params: { id } }) => runAnswer(await describeRun(temporal, context, id)),
  }),
];
