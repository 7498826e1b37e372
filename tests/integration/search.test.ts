import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bestTrial, type Trial } from '../../domain/parameter-search.ts';
import { QUEUES, type TrainTickerResult } from '../../domain/run.ts';
import { certificateOf } from '../../serving/certificates.ts';
import { describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { trialsAnswer } from '../../serving/trials-answer.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { samplePrices, takeInTestUniverse, withFile } from '../support/test-universe.ts';

const PROJECT_DIR = new URL('../../', import.meta.url);

let pipeline: TestPipeline;
let stopTraining: () => Promise<void>;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  await pipeline.work([QUEUES.orchestration, QUEUES.data]);
  stopTraining = await pipeline.work([QUEUES.training]);
});
afterAll(() => pipeline?.stop());

type Wish = Parameters<typeof startTickerTraining>[4];
const start = (ticker: string, wish: Wish) =>
  startTickerTraining(pipeline.services, pipeline.temporal, pipeline.context, ticker, wish);
const trained = async (ticker: string, wish: Wish) => {
  const view = await pipeline.ended((await start(ticker, wish)).run_id);
  expect(view.failure).toBeUndefined();
  return view.result as TrainTickerResult;
};
const certificate = async (ticker: string, kind: string) =>
  (await certificateOf(pipeline.services, pipeline.context, { ticker, horizon: 1, kind })).certificate;
const trialsOf = async (ticker: string, kind: string): Promise<Trial[]> =>
  (await pipeline.services.trials.newest(pipeline.context, ticker)).filter((trial) => trial.kind === kind);

describe('a search before training', { timeout: 180_000 }, () => {
  const wish = { seed: 7, horizons: [1], kinds: ['linear'], search: { trials: 5 } };

  it('tries as many settings as asked for and trains with the best of them', async () => {
    await trained('AAPL', wish);
    const trials = await trialsOf('AAPL', 'linear');
    expect(trials.map(({ number, status, attempts }) => [number, status, attempts])).toEqual(
      [0, 1, 2, 3, 4].map((number) => [number, 'finished', 1]),
    );
    expect(trials[0]!.parameters).toEqual({ alpha: 10 });
    const best = bestTrial(trials)!;
    const { model, evaluation, ...certified } = await certificate('AAPL', 'linear');
    expect(certified).toMatchObject({ trials: 5, reproducible: true });
    expect(model.parameters).toEqual(best.parameters);
    const { until } = trials[0]!;
    expect(model.search).toEqual({ trials: 5, seed: 7, until, cutShort: false });
    // Judged on what the search has not seen, and on nothing else.
    expect(evaluation.firstOrigin > until).toBe(true);
    const naive = await certificate('AAPL', 'naive');
    expect(naive).toMatchObject({ trials: 1, reproducible: true });
    expect(naive.evaluation.firstOrigin < until).toBe(true);
    expect(evaluation.nForecasts).toBeLessThan(naive.evaluation.nForecasts);
  });

  it('computes no finished trial again, and more trials add to those that are there', async () => {
    const before = await trialsOf('AAPL', 'linear');
    await trained('AAPL', { ...wish, search: { trials: 8 } });
    const after = await trialsOf('AAPL', 'linear');
    expect(after).toHaveLength(8);
    expect(after.slice(0, 5)).toEqual(before);
    expect(await certificate('AAPL', 'linear')).toMatchObject({ trials: 8 });
  });

  it('searches the members of an ensemble, which counts what was tried for both', async () => {
    const { services, context } = pipeline;
    const parameters = { 'random-forest': { nTrees: 10 }, lstm: { epochs: 3 } };
    await trained('AAPL', { ...wish, kinds: ['ensemble'], parameters, search: { trials: 2 } });
    const [forest, lstm, ensemble] = [
      await certificate('AAPL', 'random-forest'),
      await certificate('AAPL', 'lstm'),
      await certificate('AAPL', 'ensemble'),
    ];
    expect([forest.trials, lstm.trials, ensemble.trials]).toEqual([2, 2, 4]);
    expect(ensemble.model.madeFrom).toEqual([forest.modelId, lstm.modelId]);
    expect(ensemble.evaluation.firstOrigin > forest.model.search!.until).toBe(true);
    const { searches } = await trialsAnswer(services, context, 'AAPL');
    expect(searches.map(({ model }) => model)).toEqual(['linear', 'lstm', 'random-forest']);
  });

  it('leaves pooled kinds as they are, and the universe learns of each ticker by itself', async () => {
    const { services, temporal, context } = pipeline;
    const both = { ...wish, kinds: ['linear', 'pooled-linear'], search: { trials: 2 } };
    const { run_id } = await startUniverseTraining(services, temporal, context, { maxInFlight: 2 }, both);
    expect((await pipeline.ended(run_id)).status).toBe('completed');
    expect(await certificate('MSFT', 'pooled-linear')).toMatchObject({ trials: 1, reproducible: true });
    expect(await certificate('MSFT', 'linear')).toMatchObject({ trials: 2 });
  });

  it('trains a ticker with little history without a search, and says so', async () => {
    const { services, context } = pipeline;
    await withFile(samplePrices(['IBM'], 300), (pricesPath) =>
      takeInPrices(services, context, { pricesPath, pricesName: 'ibm.csv', onBadRow: 'refuse', adjustSplits: false }),
    );
    const { notes } = await trained('IBM', wish);
    expect(notes).toContain('linear is trained without a search: the history is too short.');
    const { model, ...certified } = await certificate('IBM', 'linear');
    expect(certified).toMatchObject({ trials: 1, reproducible: true });
    expect(model).not.toHaveProperty('search');
    expect(await trialsAnswer(services, context, 'IBM')).toEqual({ ticker: 'IBM', searches: [] });
  });
});

describe('a plan without a search', () => {
  it('is what it was before there were searches, and a search makes another run', async () => {
    const plain = await start('MSFT', { seed: 40, horizons: [1], kinds: ['linear'] });
    const searched = await start('MSFT', { seed: 40, horizons: [1], kinds: ['linear'], search: { trials: 2 } });
    const more = await start('MSFT', { seed: 40, horizons: [1], kinds: ['linear'], search: { trials: 3 } });
    expect(new Set([plain, searched, more].map(({ run_id }) => run_id)).size).toBe(3);
    for (const { run_id } of [plain, searched, more]) await pipeline.ended(run_id);
    const history = await pipeline.temporal.client.workflow.getHandle(plain.run_id).fetchHistory();
    const [payload] = history.events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
    expect(JSON.parse(Buffer.from(payload!.data!).toString()).plan).not.toHaveProperty('search');
  });

  it.each([[['pooled-linear']], [[]]])('is all that is possible for the kinds %j', async (kinds) => {
    const asked = start('AAPL', { seed: 7, horizons: [1], kinds, search: { trials: 2 } });
    await expect(asked).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('search: there is nothing to search'),
    });
  });
});

describe('a time cap', () => {
  // 200 trials of such forests take many times as long as the cap on any machine.
  const wish = {
    seed: 7,
    horizons: [1],
    kinds: ['random-forest'],
    parameters: { 'random-forest': { nTrees: 300 } },
    search: { trials: 200, maxSeconds: 1 },
  };

  it('calls off what has not finished, and the certificate says that it cannot be repeated', async () => {
    await trained('AAPL', wish);
    const trials = await trialsOf('AAPL', 'random-forest');
    const finished = trials.filter(({ status }) => status === 'finished');
    expect(finished.length).toBeLessThan(200);
    expect(trials.filter(({ status }) => status === 'running')).toEqual([]);
    const { model, ...certified } = await certificate('AAPL', 'random-forest');
    expect(certified).toMatchObject({ trials: Math.max(1, finished.length), reproducible: false });
    expect(model.search).toMatchObject({ cutShort: true });
    if (finished.length > 0) expect(model.parameters).toEqual(bestTrial(finished)!.parameters);
  });
});

describe('a search that is killed', { timeout: 180_000 }, () => {
  // Slow enough to be killed in the midst of it.
  const wish = {
    seed: 7,
    horizons: [1],
    kinds: ['random-forest'],
    parameters: { 'random-forest': { nTrees: 400 } },
    search: { trials: 8 },
  };
  const statuses = async () => (await trialsOf('MSFT', 'random-forest')).map(({ status }) => status);

  it('goes on where it was, and chooses what it would have chosen', async () => {
    await stopTraining();
    const worker = trainingWorker();
    const exited = once(worker, 'exit');
    onTestFinished(() => void worker.kill('SIGKILL'));
    const { run_id } = await start('MSFT', wish);
    await expect
      .poll(async () => (await statuses()).filter((status) => status === 'finished').length, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(2);
    worker.kill('SIGKILL');
    await exited;
    const killed = await trialsOf('MSFT', 'random-forest');
    const finished = killed.filter(({ status }) => status === 'finished');
    expect(finished.length).toBeLessThan(8);
    const view = await describeRun(pipeline.temporal, pipeline.context, run_id);
    expect(view.progress?.[0]?.stages?.find(({ stage }) => stage === 'search')).toMatchObject({ status: 'running' });

    stopTraining = await pipeline.work([QUEUES.training]);
    expect((await pipeline.ended(run_id)).status).toBe('completed');
    const trials = await trialsOf('MSFT', 'random-forest');
    expect(trials.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 'finished'));
    for (const before of finished) expect(trials).toContainEqual(before);
    const unfinished = killed.filter(({ status }) => status === 'running').map(({ number }) => number);
    for (const { number, attempts } of trials) {
      if (!unfinished.includes(number)) expect(attempts, `trial ${number}`).toBe(1);
    }
    expect(await certificate('MSFT', 'random-forest')).toMatchObject({ trials: 8, reproducible: true });

    // Another tenant knows nothing of these trials: its search computes every one, undisturbed.
    const other = { ...pipeline.context, tenant: 'undisturbed' };
    const { services, temporal } = pipeline;
    await takeInTestUniverse(services, other);
    const again = await startTickerTraining(services, temporal, other, 'MSFT', wish);
    for (;;) {
      if ((await describeRun(temporal, other, again.run_id)).status !== 'running') break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const comparable = (all: readonly Trial[]) =>
      all.map(({ searchId, number, parameters, loss }) => ({ searchId, number, parameters, loss }));
    expect(comparable(await services.trials.newest(other, 'MSFT'))).toEqual(comparable(trials));
  });
});

/** A training worker in a process of its own, which can be killed. */
function trainingWorker() {
  const { databaseUrl, objectsDir, at } = pipeline;
  const args = ['cli/stockcast.js', 'worker', '--queue', QUEUES.training];
  return spawn(process.execPath, args, {
    cwd: PROJECT_DIR,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: at.address,
      TEMPORAL_NAMESPACE: at.namespace,
      STOCKCAST_OBJECTS_DIR: objectsDir,
      STOCKCAST_TRAINING_SLOTS: '2',
    },
  });
}
