import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExperimentActivities } from '../../activities/experiments.ts';
import type { DataActivities } from '../../activities/data.ts';
import type { OrchestrationActivities } from '../../activities/orchestration.ts';
import { JUDGE_EXPERIMENTS, type JudgeExperimentsResult } from '../../domain/experiment.ts';
import { QUEUES, TRAIN_UNIVERSE, type TrainUniverseInput, type TrainUniverseResult } from '../../domain/run.ts';
import { trainingPlan } from '../../serving/planning.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { startImpatientServer } from '../support/impatient-server.ts';

// On a server that asks runs to go on as new ones after few events already. The activities do nothing: what is looked at
// is what one execution hands to the next.
const CONTEXT = { tenant: 'default', principal: 'p' };
const VANTAGE = { asOf: '2013-03-01', knownAt: '2013-03-01T23:00:00.000Z' };
const IDS = Array.from({ length: 70 }, (_, i) => `experiment ${i}`);
const TICKERS = Array.from({ length: 70 }, (_, i) => `T${i}`);

const data: Pick<DataActivities, 'ingest'> = {
  async ingest({ ticker }) {
    throw ApplicationFailure.nonRetryable(`${ticker} cannot be read`, 'DATA_UNSOUND');
  },
};
const orchestration: Pick<OrchestrationActivities, 'planTicker'> & ExperimentActivities = {
  async planTicker({ ticker }) {
    // By way of the server, where it takes events.
    if (activityInfo().isLocal) throw new Error('not at hand');
    throw ApplicationFailure.nonRetryable(`${ticker} is unknown`, 'TICKER_UNKNOWN');
  },
  planJudgement: async () => ({ asOf: VANTAGE.asOf, ids: IDS }),
  judgeExperiment: async ({ id }) => ({ id, state: 'running', pairs: 0, nextLook: 20, reasons: [], problems: [] }),
};

// The activities fail on purpose.
Runtime.install({ logger: new DefaultLogger('ERROR') });

let environment: TestWorkflowEnvironment;
let workers: Worker[];
let working: Promise<void[]>;
beforeAll(async () => {
  environment = await startImpatientServer(80);
  const common = { connection: environment.nativeConnection, namespace: 'default' };
  const workflowBundle = await keptWorkflowBundle();
  workers = await Promise.all([
    Worker.create({ ...common, taskQueue: QUEUES.orchestration, workflowBundle, activities: orchestration }),
    Worker.create({ ...common, taskQueue: QUEUES.data, activities: data }),
  ]);
  working = Promise.all(workers.map((worker) => worker.run()));
}, 120_000);
afterAll(async () => {
  for (const worker of workers ?? []) worker.shutdown();
  await working;
  await environment?.teardown();
});

/** What a run results in, and how its executions ended, each with its verdict. */
async function run<T>(type: string, workflowId: string, input: object): Promise<{ result: T; ends: string[] }> {
  const { workflow } = environment.client;
  const options = { workflowId, taskQueue: QUEUES.orchestration, args: [{ version: 1, context: CONTEXT, ...input }] };
  const result = (await workflow.execute(type, options)) as T;
  const ends: string[] = [];
  for await (const { status, searchAttributes } of workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    ends.push(`${status.name} ${String(searchAttributes.StockcastVerdict?.[0])}`);
  }
  return { result, ends: ends.sort() };
}

test('each experiment is judged once, however many executions that takes', async () => {
  const { result, ends } = await run<JudgeExperimentsResult>(JUDGE_EXPERIMENTS, 'judge-experiments/default', {
    asOf: VANTAGE.asOf,
  });
  expect(result).toMatchObject({ asOf: VANTAGE.asOf });
  expect(result.experiments.map(({ id }) => id)).toEqual(IDS);
  expect(ends.length).toBeGreaterThan(3);
  expect(ends.pop()).toBe('CONTINUED_AS_NEW undefined');
  expect(new Set(ends)).toEqual(new Set(['COMPLETED completed', 'CONTINUED_AS_NEW undefined']));
});

test('each ticker of a universe is told of once, and the notes of its pool to the end', async () => {
  const input: Omit<TrainUniverseInput, 'version' | 'context'> = {
    tickers: ['DONE', ...TICKERS],
    vantage: VANTAGE,
    plan: trainingPlan({ seed: 7, horizons: [1] }),
    maxInFlight: 2,
    pool: { id: 'pool', tickers: ['A', 'B'] },
    done: [{ ticker: 'DONE', status: 'completed', workflowId: 'train/default/DONE' }],
  };
  const { result, ends } = await run<TrainUniverseResult>(TRAIN_UNIVERSE, 'train-universe/default/all', input);
  expect(result.outcomes.map(({ ticker }) => ticker).sort()).toEqual([...input.tickers].sort());
  const notes = ['A', 'B'].map((ticker) => expect.stringContaining(`${ticker} is not in the pool`));
  expect(result.notes).toEqual(expect.arrayContaining(notes));
  expect(result.notes).toHaveLength(2);
  expect(ends.length).toBeGreaterThan(2);
  expect(new Set(ends)).toEqual(new Set(['COMPLETED failed', 'CONTINUED_AS_NEW undefined']));
});
