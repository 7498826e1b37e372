import { afterAll, beforeAll, expect, test } from 'vitest';
import { QUEUES } from '../../domain/run.ts';
import { SCORE_FORECASTS, type ScoreForecastsInput, type ScoreForecastsResult } from '../../domain/scoring.ts';
import { startTickerTraining } from '../../serving/runs.ts';
import { startDaily } from '../../serving/daily-runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { ask } from '../support/answers.ts';
import { commandLineOn } from '../support/command-line.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { type RunningApi, startApi } from '../support/running-api.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const KEPT_BACK = 3;
const WISH = { seed: 7, horizons: [1], kinds: ['linear'], window: 300 };
const PRICES = samplePrices(['AAPL'], 400);

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ onBehindNaive: 'demote' });
  await upload(PRICES.trim().split('\n').slice(0, -KEPT_BACK).join('\n'));
  const { services, temporal, context } = pipeline;
  // One as of a day whose outcome is known already, and one of the newest session.
  for (const asOf of ['2013-01-31', undefined]) {
    const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', WISH, asOf);
    expect(await pipeline.ended(run_id)).toMatchObject({ status: 'completed' });
  }
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

function upload(prices: string) {
  const { services, context } = pipeline;
  return withFile(`${prices}\n`, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
}

async function score(path = '/score'): Promise<Record<string, unknown>> {
  const { status, body } = await ask(`${api.url}${path}`, { method: 'POST' });
  expect(status).toBe(202);
  expect(await pipeline.ended(body.run_id)).toMatchObject({ status: 'completed', workflow: SCORE_FORECASTS });
  return (await ask(`${api.url}/runs/${body.run_id}`)).body.result;
}

test('what is uploaded later scores the forecasts that it speaks of, once, live or not', async () => {
  expect(await score()).toMatchObject({ scored: 1, live: 0 });
  await upload(PRICES.trim());
  const both = await Promise.all([score(), score('/score?ticker=AAPL')]);
  expect(both.reduce((sum, { scored }) => sum + (scored as number), 0)).toBe(1);
  expect(await score()).toMatchObject({ scored: 0, passed_over: 0, n_behind_naive: 0, problems: [] });

  const { body } = await ask(`${api.url}/track-record/AAPL`);
  const sum = (of: 'live' | 'backfilled') =>
    body.records.reduce((n: number, record: Record<string, { n: number } | null>) => n + (record[of]?.n ?? 0), 0);
  expect([sum('live'), sum('backfilled')]).toEqual([1, 1]);
  const { forecasts } = (await ask(`${api.url}/history/AAPL?horizon=1`)).body;
  expect(forecasts.map(({ outcome }: { outcome: { live: boolean } }) => outcome.live)).toEqual([true, false]);
  const [board] = (await ask(`${api.url}/leaderboard?tickers=AAPL&horizons=1`)).body.leaderboard;
  const lived = board.models.filter(({ live_n: n }: { live_n: number }) => n === 1);
  expect(lived).toMatchObject([{ live_rmse_ratio_to_naive: expect.any(Number), behind_naive: false }]);
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  expect(metrics).toMatch(/stockcast_live_forecasts_scored\{kind="[a-z-]+",horizon="1"\} 1/);
  expect((await ask(`${api.url}/score?ticker=ZZZZ`, { method: 'POST' })).status).toBe(404);
});

test('the command line follows a scoring to its end, and shows the track record', async () => {
  const { address, namespace } = pipeline.at;
  const stockcast = commandLineOn(() => pipeline, { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  const { code, stdout, stderr } = await stockcast('score', '--ticker', 'aapl');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('run score/default/AAPL: started');
  expect(stdout).toMatch(/completed[^]* 0 scored, 0 of them made before[^]* live records judged, 0 behind naive/);
  const started = JSON.parse((await stockcast('score', '--no-wait', '--json')).stdout);
  expect(started).toMatchObject({ run_id: 'score/default/all', joined: false });
  await pipeline.ended(started.run_id);
  const record = await stockcast('track-record', 'AAPL');
  expect(record.stdout).toMatch(/^ticker +horizon +model +live .*\nAAPL +1 +[a-z]+ +[01] /);
  const json = JSON.parse((await stockcast('track-record', 'AAPL', '--json')).stdout);
  expect(json).toEqual((await ask(`${api.url}/track-record/AAPL`)).body);
  expect(await stockcast('score', '--as-of', '2099-01-01')).toMatchObject({ code: 2 });
  const runs = (await stockcast('runs')).stdout;
  expect(runs).toContain('score/default/AAPL');
});

test('a scoring that goes on as a new run goes on where it was', async () => {
  const { services, temporal, context } = pipeline;
  const vantage = vantageOf(context);
  const carried = { vantage, total: 7, counts: { scored: 5, live: 2, passedOver: 0 } };
  const input: ScoreForecastsInput = {
    version: 1,
    context: { tenant: context.tenant, principal: context.principal },
    carried,
  };
  const result = await temporal.call((client) =>
    client.workflow.execute(SCORE_FORECASTS, {
      ...{ workflowId: 'score/default/carried', taskQueue: QUEUES.orchestration, args: [input] },
    }),
  );
  expect(result).toMatchObject<Partial<ScoreForecastsResult>>({ asOf: vantage.asOf, scored: 5, live: 2 });
  const asOf = await startDaily(services, temporal, context, 'score', { asOf: '2013-02-01' });
  expect(asOf.run_id).toBe('score/default/all/2013-02-01');
  expect((await pipeline.ended(asOf.run_id)).result).toMatchObject({ asOf: '2013-02-01', scored: 0 });
});

test('what serves far behind naive is demoted by a scoring where the workers are configured so', async () => {
  const { services, temporal, context } = pipeline;
  const MSFT = samplePrices(['MSFT'], 400).trim();
  await upload(MSFT);
  const at = (instant: string) => ({ ...context, clock: { now: () => new Date(instant) } });
  const [first, ...sessions] = MSFT.split('\n')
    .slice(-60)
    .map((row) => row.split(',')[2]!);
  const { run_id } = await startTickerTraining(services, temporal, context, 'MSFT', WISH, '2012-11-30');
  await pipeline.ended(run_id);
  const model = (await services.registry.newest(context, 'MSFT', 1, 'linear'))!;
  // It came to serve before it forecast these sessions, each far off.
  await services.ledger.enter(at(`${first}T12:00:00.000Z`), {
    ...{ ticker: 'MSFT', horizon: 1, asOf: first!, modelId: model.id, kind: 'linear', reasons: [], principal: 'p' },
    ...{ runId: 'then', executionId: 'then', live: true },
  });
  for (const [i, originSession] of sessions.slice(0, -1).entries()) {
    await services.forecasts.save(at(`${originSession}T23:00:00.000Z`), {
      ...{ ticker: 'MSFT', horizon: 1, modelId: model.id, kind: 'linear', modelVersion: model.version },
      ...{ originSession, targetSession: sessions[i + 1]!, currentPrice: 100, logReturn: 0.3, intervals: [] },
      ...{ confidence: 0.5, directionProbability: 0.5, notes: [], madeAt: `${originSession}T23:00:00.000Z` },
    });
  }
  expect(await score('/score?ticker=MSFT')).toMatchObject({ n_behind_naive: 1, n_demoted: 1, problems: [] });
  expect(await services.ledger.production(context, 'MSFT', 1)).toMatchObject({ kind: 'naive' });
});
