import { afterAll, beforeAll, expect, test } from 'vitest';
import { JUDGE_EXPERIMENTS, type JudgeExperimentsInput, experimentEntryName } from '../../domain/experiment.ts';
import { QUEUES } from '../../domain/run.ts';
import { startJudging } from '../../serving/daily-runs.ts';
import { startExperiment } from '../../serving/experiments.ts';
import { startTickerTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { ask } from '../support/answers.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { type RunningApi, startApi } from '../support/running-api.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const WISH = { seed: 7, horizons: [1], kinds: ['linear'], window: 300 };
let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline();
  const { services, temporal, context } = pipeline;
  await withFile(samplePrices(['AAPL'], 400), (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  await pipeline.ended((await startTickerTraining(services, temporal, context, 'AAPL', WISH)).run_id);
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

test('a run judges what runs, lets it go on, and ends it once something else serves', async () => {
  const { services, temporal, context } = pipeline;
  const serving = (await services.ledger.production(context, 'AAPL', 1))!;
  const challenger = serving.kind === 'linear' ? 'drift' : 'linear';
  const { id } = await startExperiment(services, context, {
    ...{ tickers: ['AAPL'], horizon: 1, challenger, mode: 'shadow' },
  });
  const judged = async (asOf?: string) => {
    const { run_id: runId } = await startJudging(temporal, context, asOf);
    expect(await pipeline.ended(runId)).toMatchObject({ status: 'completed', workflow: JUDGE_EXPERIMENTS });
    return (await ask(`${api.url}/runs/${runId}`)).body.result;
  };
  const going = { experiment_id: id, state: 'running', pairs: 0, next_look: 20, reasons: [], problems: [] };
  expect(await judged()).toMatchObject({ experiments: [going] });
  expect(await judged('2013-03-01')).toEqual({ as_of: '2013-03-01', experiments: [going] });
  const other = (await services.registry.newest(context, 'AAPL', 1, 'drift'))!;
  const third = other.id === serving.modelId || challenger === 'drift' ? 'naive' : 'drift';
  const model = (await services.registry.newest(context, 'AAPL', 1, third))!;
  const { entry: ____, at: _, movedLive: __, previousModelId: ___, ...move } = serving;
  await services.ledger.enter(context, { ...move, modelId: model.id, kind: third, executionId: 'another' });
  expect(await judged()).toMatchObject({ experiments: [{ experiment_id: id, state: 'ended', next_look: null }] });
  expect(await judged()).toMatchObject({ experiments: [] });
  expect((await ask(`${api.url}/experiments/${id}`)).body).toMatchObject({
    ...{ state: 'ended', reasons: [expect.stringContaining('has come to serve AAPL')] },
  });

  // Where there are many, a run goes on as a new one with those that are left.
  const before = { id: 'before', state: 'kept', pairs: 20, reasons: [], problems: [] } as const;
  const carried = { asOf: '2013-03-01', left: [id], experiments: [before] };
  const input: JudgeExperimentsInput = { version: 1, context: { tenant: 'default', principal: 'p' }, carried };
  const result = await temporal.call(({ workflow }) =>
    workflow.execute(JUDGE_EXPERIMENTS, {
      ...{ workflowId: 'judge-experiments/default/carried', taskQueue: QUEUES.orchestration, args: [input] },
    }),
  );
  expect(result).toMatchObject({ asOf: '2013-03-01', experiments: [before, { id, state: 'ended' }] });

  // What an experiment put there is not undone by asking for the same training again.
  await services.ledger.replace(context, {
    ...{ ticker: 'AAPL', horizon: 1, from: model.id, to: serving, reasons: [], principal: 'experiments' },
    runId: experimentEntryName(context, 'another'),
  });
  const again = await startTickerTraining(services, temporal, context, 'AAPL', WISH);
  expect(again).toMatchObject({ status: 'completed', joined: true });
});
