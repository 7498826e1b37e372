import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainTickerResult, TrainUniverseResult } from '../../domain/run.ts';
import { KINDS } from '../../models/kinds.ts';
import { forecast } from '../../serving/forecasting.ts';
import { leaderboard } from '../../serving/leaderboard.ts';
import { cancelRun, describeRun, listRuns, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { TEST_TICKERS, samplePrices, takeInTestUniverse, withFile } from '../support/test-universe.ts';

/** What runs are made again for, or not, does not depend on how much they train. */
const TWO_KINDS = { ...SMALL_WISH, kinds: ['linear', 'random-forest'] };
const WITH_A_POOL = { ...SMALL_WISH, kinds: ['linear', 'pooled-linear'] };

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline();
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(() => pipeline.stop());

const universe = (
  tickers: readonly string[] = TEST_TICKERS,
  wish: Parameters<typeof startUniverseTraining>[4] = SMALL_WISH,
) => startUniverseTraining(pipeline.services, pipeline.temporal, pipeline.context, { tickers, maxInFlight: 2 }, wish);

async function takeIn(prices: string) {
  const { services, context } = pipeline;
  return withFile(prices, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'more.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
}

describe('training a universe', () => {
  it('trains, evaluates, promotes and forecasts every ticker, and can be found by its search attributes', async () => {
    const { services, temporal, context } = pipeline;
    const started = await universe();
    expect(started).toMatchObject({ joined: false, status: 'running' });
    expect(started.run_id).toMatch(/^train-universe\/default\/2013-03-01\/[0-9a-f]{12}$/);
    const view = await pipeline.ended(started.run_id);
    expect(view.status).toBe('completed');
    const { outcomes } = view.result as TrainUniverseResult;
    expect(outcomes.map(({ ticker, status }) => `${ticker} ${status}`).sort()).toEqual([
      'AAPL completed',
      'MSFT completed',
    ]);

    const board = await leaderboard(services, context, TEST_TICKERS, [1]);
    expect(board.map(({ ticker }) => ticker)).toEqual(TEST_TICKERS);
    for (const { models, promoted, reasons } of board) {
      expect(models.map(({ kind }) => kind).sort()).toEqual(KINDS.map(({ name }) => name).sort());
      expect(models.filter((model) => model.promoted).map(({ kind }) => kind)).toEqual([promoted]);
      expect(reasons.length).toBeGreaterThan(0);
      for (const { evaluation } of models) expect(evaluation.nFolds).toBeGreaterThanOrEqual(5);
    }

    for (const ticker of TEST_TICKERS) {
      const promotion = await services.ledger.production(context, ticker, 1);
      const stored = await services.forecasts.find(context, promotion!.modelId, '2013-03-01', 1);
      expect(stored).toMatchObject({ ticker, targetSession: '2013-03-04' });
      expect(await forecast(services, context, { ticker, horizon: 1 })).toEqual({
        ...stored,
        notes: [...stored!.notes, expect.stringContaining('The newest known session is 2013-03-01')],
      });
    }

    const found = await eventually(async () => {
      const ids: string[] = [];
      const query = "StockcastTicker='AAPL' AND StockcastAsOf='2013-03-01' AND StockcastStage='done'";
      for await (const run of temporal.client.workflow.list({ query })) ids.push(run.workflowId);
      return ids.length > 0 ? ids : undefined;
    });
    expect(found).toEqual([outcomes.find(({ ticker }) => ticker === 'AAPL')!.workflowId]);
  });

  it('joins a run that did the same, and trains nothing again under another id', async () => {
    const { services, temporal, context } = pipeline;
    const again = await universe();
    expect(again).toMatchObject({ joined: true, status: 'completed' });
    const [before] = await leaderboard(services, context, ['AAPL'], [1]);

    const single = await startTickerTraining(services, temporal, context, 'AAPL', SMALL_WISH);
    expect(single).toMatchObject({ joined: true, status: 'completed' });
    const other = await universe(['AAPL']);
    expect(other.joined).toBe(false);
    await pipeline.ended(other.run_id);
    expect(await leaderboard(services, context, ['AAPL'], [1])).toEqual([before]);
  });

  it('lets a ticker that cannot be trained fail alone, with the reason', async () => {
    await takeIn(samplePrices(['IBM'], 30));
    const { run_id } = await universe(['IBM', 'MSFT']);
    const view = await pipeline.ended(run_id);
    expect(view.status).toBe('completed');
    const outcomes = (view.result as TrainUniverseResult).outcomes;
    expect(outcomes.find(({ ticker }) => ticker === 'MSFT')).toMatchObject({ status: 'completed' });
    expect(outcomes.find(({ ticker }) => ticker === 'IBM')).toMatchObject({
      status: 'failed',
      code: 'TOO_FEW_SESSIONS',
      message: 'IBM has 30 sessions, at least 60 are needed to train. Upload more of its history.',
    });
    const again = await universe(['IBM', 'MSFT']);
    expect(again).toMatchObject({ run_id, joined: false });
    expect((await pipeline.ended(run_id)).status).toBe('completed');
  });

  it('fails when every ticker fails, in plain words', async () => {
    const { run_id } = await universe(['IBM']);
    const view = await pipeline.ended(run_id);
    expect(view.status).toBe('failed');
    expect(view.failure).toMatchObject({ code: 'TOO_FEW_SESSIONS' });
    expect(view.failure?.message).toContain('IBM has 30 sessions');
  });

  it('trains a ticker from 60 sessions, and says that there is little to go by', async () => {
    await takeIn(samplePrices(['GOOG'], 60));
    const { services, temporal, context } = pipeline;
    const { run_id } = await startTickerTraining(services, temporal, context, 'GOOG', {
      ...SMALL_WISH,
      horizons: [1, 10],
    });
    const view = await pipeline.ended(run_id);
    expect(view.failure).toBeUndefined();
    const { notes } = view.result as TrainTickerResult;
    expect(notes.join(' ')).toMatch(/fold/);
    const { confidence } = await forecast(services, context, { ticker: 'GOOG', horizon: 10, kind: 'random-forest' });
    expect(confidence).toBeGreaterThanOrEqual(0.5);
    expect(confidence).toBeLessThan(0.7);
  });
});

describe('asking again for what was done', () => {
  const trained = async (wish: Parameters<typeof startTickerTraining>[4]) => {
    const started = await startTickerTraining(pipeline.services, pipeline.temporal, pipeline.context, 'AAPL', wish);
    if (!started.joined) expect((await pipeline.ended(started.run_id)).status).toBe('completed');
    return started;
  };
  const serving = () => pipeline.services.ledger.production(pipeline.context, 'AAPL', 1);

  it('does it again when something else has come to serve since, and joins it when not', async () => {
    const first = await trained({ ...TWO_KINDS, seed: 20 });
    const served = await serving();
    expect(served?.runId).toBe(first.run_id);
    const between = await trained({ ...TWO_KINDS, seed: 21 });
    expect((await serving())?.runId).toBe(between.run_id);

    const again = await trained({ ...TWO_KINDS, seed: 20 });
    expect(again).toMatchObject({ run_id: first.run_id, joined: false });
    expect(await serving()).toMatchObject({ runId: first.run_id, modelId: served!.modelId, movedLive: true });
    expect((await serving())?.executionId).not.toBe(served!.executionId);
    expect(await trained({ ...TWO_KINDS, seed: 20 })).toMatchObject({ joined: true, status: 'completed' });
  });

  it('does so for a universe and its tickers, and leaves those alone that stand', async () => {
    const { services, context } = pipeline;
    const wish = { ...WITH_A_POOL, seed: 22 };
    const first = await universe(TEST_TICKERS, wish);
    await pipeline.ended(first.run_id);
    const [apple, other] = await Promise.all(TEST_TICKERS.map((ticker) => services.ledger.history(context, ticker)));
    await trained({ ...TWO_KINDS, seed: 23 });

    const again = await universe(TEST_TICKERS, wish);
    expect(again).toMatchObject({ run_id: first.run_id, joined: false });
    expect((await pipeline.ended(again.run_id)).status).toBe('completed');
    expect((await serving())?.modelId).toBe(apple![0]!.modelId);
    expect(await services.ledger.history(context, 'MSFT')).toEqual(other);
    expect(await universe(TEST_TICKERS, wish)).toMatchObject({ joined: true, status: 'completed' });
  });

  it('does it again when the object of the model that serves is lost, to the same bytes', async () => {
    const { services, context } = pipeline;
    const wish = { ...TWO_KINDS, seed: 24 };
    await trained(wish);
    const model = await services.registry.find(context, (await serving())!.modelId);
    const before = await services.objects.get(context, model!.objectKey);
    rmSync(join(pipeline.objectsDir, 'default', model!.objectKey));
    expect(await trained(wish)).toMatchObject({ joined: false });
    expect(await services.objects.get(context, model!.objectKey)).toEqual(before);
  });

  it('does it again on a new database beside a Temporal that remembers the run', async () => {
    // A ticker alone can't fit the pooled models that the database has lost.
    const wish = { ...TWO_KINDS, seed: 25 };
    await trained(wish);
    const served = await serving();
    const client = new pg.Client({ connectionString: pipeline.databaseUrl });
    await client.connect();
    await client.query('truncate promotion, model, forecast cascade');
    await client.end();
    expect(await serving()).toBeUndefined();
    expect(await trained(wish)).toMatchObject({ joined: false });
    expect(await serving()).toMatchObject({ modelId: served!.modelId, movedLive: true });
  });
});

describe('training as of a past date', () => {
  it('sees nothing later, is entered in the ledger at that date, and leaves what serves alone', async () => {
    const { services, temporal, context } = pipeline;
    const live = await services.ledger.production(context, 'AAPL', 1);
    const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', TWO_KINDS, '2012-06-02');
    expect(run_id).toContain('/2012-06-01/');
    const view = await pipeline.ended(run_id);
    const result = view.result as TrainTickerResult;
    expect(result.asOf).toBe('2012-06-01');
    expect(result.promotions).toMatchObject([{ movedLive: false }]);
    expect(await services.ledger.production(context, 'AAPL', 1)).toEqual(live);
    const then = await services.ledger.production(context, 'AAPL', 1, '2012-12-31');
    expect(then).toMatchObject({ runId: run_id, asOf: '2012-06-01' });
    const model = await services.registry.find(context, then!.modelId);
    expect(model?.evaluation?.lastOrigin! <= '2012-06-01').toBe(true);
  });
});

describe('training as of the newest session', () => {
  it('leaves what serves alone as well, and is another run than the live one, which moves it', async () => {
    const { services, temporal, context } = pipeline;
    const wish = { ...WITH_A_POOL, seed: 30 };
    const live = await services.ledger.production(context, 'MSFT', 1);
    const asOf = await startTickerTraining(services, temporal, context, 'MSFT', wish, '2013-03-01');
    const view = await pipeline.ended(asOf.run_id);
    expect((view.result as TrainTickerResult).promotions).toMatchObject([{ movedLive: false }]);
    expect(await services.ledger.production(context, 'MSFT', 1)).toEqual(live);
    const request = { tickers: ['MSFT'], maxInFlight: 1, asOf: '2013-03-05' };
    const many = await startUniverseTraining(services, temporal, context, request, { ...wish, seed: 31 });
    await pipeline.ended(many.run_id);
    expect(await services.ledger.production(context, 'MSFT', 1)).toEqual(live);

    const now = await startTickerTraining(services, temporal, context, 'MSFT', wish);
    expect(now.joined).toBe(false);
    await pipeline.ended(now.run_id);
    expect(await services.ledger.production(context, 'MSFT', 1)).toMatchObject({ runId: now.run_id, movedLive: true });
    const again = await startTickerTraining(services, temporal, context, 'MSFT', wish, '2013-03-01');
    expect(again).toMatchObject({ run_id: asOf.run_id });
  });

  it('lets a ticker fail alone of which nothing could be seen then, and says so', async () => {
    await takeIn(samplePrices(['GOOG'], 60));
    const { services, temporal, context } = pipeline;
    const request = { tickers: ['GOOG', 'MSFT'], maxInFlight: 2, asOf: '2012-06-02' };
    const { run_id } = await startUniverseTraining(services, temporal, context, request, WITH_A_POOL);
    const { outcomes } = (await pipeline.ended(run_id)).result as TrainUniverseResult;
    expect(outcomes.find(({ ticker }) => ticker === 'MSFT')).toMatchObject({ status: 'completed' });
    expect(outcomes.find(({ ticker }) => ticker === 'GOOG')).toMatchObject({
      status: 'failed',
      code: 'TOO_FEW_SESSIONS',
      message: expect.stringContaining('GOOG has 0 sessions'),
    });
  });
});

describe('a run under way', () => {
  it('can be watched and cancelled, and its thread stops computing', async () => {
    const { services, temporal, context } = pipeline;
    const endless = {
      ...TWO_KINDS,
      seed: 8,
      window: 'all' as const,
      parameters: { 'random-forest': { nTrees: 10_000, maxDepth: null, minSamplesLeaf: 1 } },
    };
    const { run_id } = await startTickerTraining(services, temporal, context, 'MSFT', endless);
    const running = await eventually(async () => {
      const view = await describeRun(temporal, context, run_id);
      const train = view.progress?.[0]?.stages?.find(({ stage }) => stage === 'train');
      return train?.done === 3 ? view : undefined;
    });
    expect(running.progress?.[0]?.stages?.map(({ stage, status }) => `${stage} ${status}`)).toEqual([
      'ingest done',
      'preprocess done',
      'train running',
      'evaluate waiting',
      'promote waiting',
      'forecast waiting',
    ]);
    const joined = await startTickerTraining(services, temporal, context, 'MSFT', endless);
    expect(joined).toMatchObject({ joined: true, status: 'running', run_id });

    await cancelRun(temporal, context, run_id);
    const view = await pipeline.ended(run_id);
    expect(view.status).toBe('cancelled');
    await eventually(async () => {
      const before = process.cpuUsage();
      await sleep(500);
      const { user } = process.cpuUsage(before);
      return user < 300_000 ? true : undefined;
    });
    expect((await listRuns(temporal, context, 50)).map((run) => run.run_id)).toContain(run_id);
  });

  it('computes its baselines while every place for a training is taken', async () => {
    const { services, temporal, context } = pipeline;
    const endless = { nTrees: 10_000, maxDepth: null, minSamplesLeaf: 1 };
    const wish = { ...SMALL_WISH, window: 'all' as const, parameters: { 'random-forest': endless } };
    const taken = await Promise.all(
      [11, 12].map((seed) =>
        startTickerTraining(services, temporal, context, 'MSFT', { ...wish, seed, kinds: ['random-forest'] }),
      ),
    );
    for (const { run_id } of taken) {
      await eventually(async () => {
        const { progress } = await describeRun(temporal, context, run_id);
        return progress?.[0]?.stages?.find(({ stage }) => stage === 'train')?.done === 2 ? true : undefined;
      });
    }
    const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', { ...wish, seed: 13, kinds: [] });
    expect((await pipeline.ended(run_id)).status).toBe('completed');
    const { events } = await temporal.client.workflow.getHandle(run_id).fetchHistory();
    const byServer = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
    expect(byServer).toEqual(['ingest', 'preprocess']);
    for (const each of taken) {
      expect((await describeRun(temporal, context, each.run_id)).status).toBe('running');
      await cancelRun(temporal, context, each.run_id);
      await pipeline.ended(each.run_id);
    }
  });

  it('is unknown to other tenants', async () => {
    const { temporal, context } = pipeline;
    const [run] = await listRuns(temporal, context, 1);
    await expect(describeRun(temporal, { ...context, tenant: 'other' }, run!.run_id)).rejects.toMatchObject({
      code: 'RUN_UNKNOWN',
    });
    await expect(describeRun(temporal, context, 'train/default/AAPL/none')).rejects.toMatchObject({
      code: 'RUN_UNKNOWN',
    });
  });
});

describe('what was lost', () => {
  it('is made again: a model whose object is gone is fitted anew, to the same bytes', async () => {
    const { services, temporal, context } = pipeline;
    const wish = { ...TWO_KINDS, seed: 40 };
    await pipeline.ended((await startTickerTraining(services, temporal, context, 'AAPL', wish)).run_id);
    const model = await services.registry.newest(context, 'AAPL', 1, 'random-forest');
    const before = await services.objects.get(context, model!.objectKey);
    rmSync(join(pipeline.objectsDir, 'default', model!.objectKey));
    const again = await startTickerTraining(services, temporal, context, 'AAPL', { ...wish, horizons: [1, 2] });
    await pipeline.ended(again.run_id);
    expect(await services.objects.get(context, model!.objectKey)).toEqual(before);
  });
});

async function eventually<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await probe();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('it did not come about within the time given');
}
