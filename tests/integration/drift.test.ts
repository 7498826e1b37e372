import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type DriftReport,
  MONITOR_DRIFT,
  type MonitorDriftInput,
  type MonitorDriftResult,
  type OnDrift,
} from '../../domain/drift.ts';
import { DEFAULT_PARKING } from '../../domain/parking.ts';
import { QUEUES } from '../../domain/run.ts';
import { startDaily } from '../../serving/daily-runs.ts';
import { retrainDrifted } from '../../serving/retrain-drifted.ts';
import { retrainRestated } from '../../serving/retrain-restated.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { ask } from '../support/answers.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { type RunningApi, startApi } from '../support/running-api.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const WISH = { seed: 7, horizons: [1], kinds: ['linear'], window: 420 };
const PARKING = { ...DEFAULT_PARKING, onBadData: 'fail' } as const;
const SETTINGS = { seed: 8, trainingWindow: 420, requireApproval: false, parking: PARKING, maxInFlight: 2 };
const KEPT_BACK = 25;
const ROWS = samplePrices(['AAPL'], 500).trim().split('\n');

let pipeline: TestPipeline;
let api: RunningApi;
/** What the workers are configured with. */
let onDrift: OnDrift = 'note';

beforeAll(async () => {
  const drift = {
    ...SETTINGS,
    get onDrift() {
      return onDrift;
    },
  };
  pipeline = await startPipeline({ drift });
  await upload(ROWS.slice(0, -KEPT_BACK));
  const { services, temporal, context } = pipeline;
  const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', WISH);
  expect(await pipeline.ended(run_id)).toMatchObject({ status: 'completed' });
  await upload(ROWS);
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

function upload(rows: readonly string[]) {
  const { services, context } = pipeline;
  return withFile(`${rows.join('\n')}\n`, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
}

test('a run looks at what serves, and the report can be asked for', async () => {
  const { services, temporal, context } = pipeline;
  const started = await startDaily(services, temporal, context, 'drift', {});
  expect(started.run_id).toBe('drift/default/all');
  const { status, workflow, result } = await pipeline.ended(started.run_id);
  expect({ status, workflow }).toEqual({ status: 'completed', workflow: MONITOR_DRIFT });
  expect(result).toMatchObject({ checked: 1, untold: 0, retraining: { tickers: [], runIds: [], problems: [] } });
  const { body } = await ask(`${api.url}/drift/AAPL`);
  expect(body.reports).toMatchObject([
    { horizon: 1, serves: true, features: { n_window: 21 }, residuals: { untold: expect.stringContaining('0 of 20') } },
  ]);
  expect((await ask(`${api.url}/runs/${started.run_id}`)).body.result).toMatchObject({ checked: 1, alarming: [] });
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  expect(metrics).toMatch(/stockcast_drift_watched_models\{kind="[a-z-]+",horizon="1"\} 1/);
  expect(metrics).toMatch(/stockcast_drift_alarming_models\{kind="[a-z-]+",horizon="1"\} 0/);
  expect(metrics).toMatch(/stockcast_drift_feature_psi_max\{feature="rsi14"\} [\d.]+/);
});

test('a run that goes on as a new run goes on where it was', async () => {
  const { temporal, context } = pipeline;
  const vantage = vantageOf(context);
  const alarm = { ticker: 'ZZZ', horizon: 1, kind: 'naive', modelId: 'm', alarms: ['features'] as const };
  const input: MonitorDriftInput = {
    version: 1,
    context: { tenant: context.tenant, principal: context.principal },
    carried: {
      ...{ vantage, total: 7, counts: { checked: 6, untold: 2, nAlarming: 1 }, alarming: [alarm] },
      after: { ticker: 'AAPL', horizon: 0 },
    },
  };
  const result = await temporal.call((client) =>
    client.workflow.execute(MONITOR_DRIFT, {
      ...{ workflowId: 'drift/default/carried', taskQueue: QUEUES.orchestration, args: [input] },
    }),
  );
  expect(result).toMatchObject<Partial<MonitorDriftResult>>({
    ...{ asOf: vantage.asOf, checked: 7, untold: 2, nAlarming: 1, alarming: [alarm] },
  });
});

test('what has an alarm is trained again once, and nothing else', async () => {
  const { services, temporal, context } = pipeline;
  const retrain = () => retrainDrifted(services, temporal, context, {}, SETTINGS);
  expect(await retrain()).toEqual({ tickers: [], runIds: [], problems: [] });
  const [report] = await services.drift.newest(context, 'AAPL');
  // A later report with an alarm, as one of tomorrow would be.
  const alarming: DriftReport = { ...report!, session: '2013-03-04', alarms: ['features'] };
  await services.drift.enter(context, alarming);
  const monitor = async (asOf?: string) => {
    const { run_id: id } = await startDaily(services, temporal, context, 'drift', asOf === undefined ? {} : { asOf });
    return ((await pipeline.ended(id)).result as MonitorDriftResult).retraining;
  };
  expect(await monitor()).toEqual({ tickers: [], runIds: [], problems: [] });
  onDrift = 'retrain';
  expect(await monitor('2013-03-01')).toEqual({ tickers: [], runIds: [], problems: [] });
  const first = await monitor();
  expect(first).toMatchObject({ tickers: ['AAPL'], problems: [] });
  expect(await retrain()).toEqual({ tickers: [], runIds: [], problems: [] });
  onDrift = 'note';
  const [runId] = first.runIds;
  expect(await pipeline.ended(runId!)).toMatchObject({ status: 'completed' });
  const [promotion] = await services.ledger.history(context, 'AAPL');
  expect(promotion).toMatchObject({ runId, horizon: 1 });
  expect(await retrain()).toEqual({ tickers: [], runIds: [], problems: [] });
});

test('a ticker that failed where many were trained again is trained again once it can be', async () => {
  const { services, temporal, context } = pipeline;
  const retrain = () => retrainDrifted(services, temporal, context, {}, SETTINGS);
  const MSFT = samplePrices(['MSFT'], 500).trim().split('\n');
  await upload(MSFT);
  const wish = { ...WISH, seed: 9 };
  const universe = { tickers: ['AAPL', 'MSFT'], maxInFlight: 2 };
  await pipeline.ended((await startUniverseTraining(services, temporal, context, universe, wish)).run_id);
  const [report] = await services.drift.newest(context, 'AAPL');
  for (const { ticker, modelId, kind } of await services.ledger.serving(context)) {
    await services.drift.enter(context, {
      ...report!,
      ticker,
      modelId,
      kind,
      session: '2013-03-05',
      alarms: ['features'],
    });
  }

  // One price of each is another than was known, and that of MSFT spoils it.
  const changed = (rows: readonly string[], factor: number) => {
    const cells = rows[200]!.split(',');
    return cells.map((cell, i) => (i >= 3 && i <= 6 ? String(Number(cell) * factor) : cell)).join(',');
  };
  const { restatement } = await upload([ROWS[0]!, changed(ROWS, 1.001), changed(MSFT, 100)]);
  const first = await retrain();
  expect(first.tickers).toEqual(['AAPL', 'MSFT']);
  const failed = { ticker: 'MSFT', status: 'failed', code: 'DATA_UNSOUND' };
  expect(await pipeline.ended(first.runIds[0]!)).toMatchObject({
    status: 'completed',
    result: { outcomes: expect.arrayContaining([expect.objectContaining(failed)]) },
  });
  const restated = () => retrainRestated(services, temporal, context, restatement!.restatement_id, SETTINGS);
  const again = (await restated()).run!;
  expect(again).toMatchObject({ status: 'running', joined: false });
  await pipeline.ended(again.run_id);
  expect((await restated()).run).toMatchObject({ status: 'running', joined: false });
  await pipeline.ended(again.run_id);

  await upload([MSFT[0]!, MSFT[200]!]);
  const second = await retrain();
  expect(second.tickers).toEqual(['MSFT']);
  expect(await pipeline.ended(second.runIds[0]!)).toMatchObject({ status: 'completed' });
  expect(await retrain()).toEqual({ tickers: [], runIds: [], problems: [] });
});
