import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startBackfill } from '../serving/backfills/backfills.ts';
import { cancelRun, startTickerTraining } from '../serving/runs.ts';
import {
  type DocumentedRequest,
  differences,
  documentedRequests,
  parseExample,
} from '../tests/support/documented-requests.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { takeInPrices } from '../serving/take-in-prices.ts';
import { checkDriftBatch } from '../serving/drift.ts';
import { vantageOf } from '../serving/vantages.ts';
import { listDatasets } from '../serving/datasets.ts';
import { applySchedules } from '../serving/schedules/apply-schedules.ts';
import { scheduleEntry } from '../tests/support/schedule-entry.ts';
import type { PredictionAnswer } from '../serving/prediction-answer.ts';
import { allEndpoints } from './routes/index.ts';

const page = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8');
const BASE = 'http://127.0.0.1:3000';
const RUN = 'train/default/AAPL/2013-03-01/2989e93513b2';
const TO_APPROVE = 'train/default/AAPL/2013-03-01/9947658b11f4';
const BACKFILL = 'backfill/default/2012-12-31/35a7aa1fd7a4';
const WISH = { seed: 7, horizons: [1], kinds: ['linear'], window: 300 };
const PRICES = samplePrices(['AAPL', 'GOOG', 'IBM', 'MSFT'], 400);
const FILES: Readonly<Record<string, string>> = {
  'prices.csv': PRICES,
  'events.csv': 'ticker,date,kind,value\nAAPL,2013-02-07,dividend,2.65\n',
  'mine.csv': 'ticker,sector,date,close,open,low,high,volume\nAAPL,T,2013-02-30,1,1,1,1,1\n',
};

let pipeline: TestPipeline;
let api: RunningApi;
let done: string;
let underWay: string;
let toApprove: string;
let certificateId: string;
let forecastId: string;
let datasets: readonly [from: string, to: string];
let restatementId: string;
let backfillId: string;

beforeAll(async () => {
  pipeline = await startPipeline();
  const { services, temporal, context } = pipeline;
  await withFile(PRICES, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  const start = async (ticker: string, asOf?: string, requireApproval = false) =>
    (await startTickerTraining(services, temporal, context, ticker, { ...WISH, requireApproval }, asOf)).run_id;
  // The forecast of a day whose outcome is known, for the history.
  await pipeline.ended(await start('IBM', '2013-02-28'));
  await pipeline.ended(await start('IBM'));
  done = await start('AAPL');
  await pipeline.ended(done);
  const horizonTen = { ...WISH, horizons: [10] };
  await pipeline.ended((await startTickerTraining(services, temporal, context, 'AAPL', horizonTen)).run_id);
  await checkDriftBatch(services, context, { vantage: vantageOf(context), ticker: 'AAPL' });
  const tooEarly = { tickers: ['IBM'], from: '2011-08-01', to: '2011-08-05' };
  backfillId = (await startBackfill(services, temporal, context, tooEarly)).run_id;
  await pipeline.ended(backfillId);
  underWay = await start('GOOG', undefined, true);
  toApprove = await start('MSFT', undefined, true);
  api = await startApi({
    ...pipeline,
    dependencies: ['promoted_models', 'database', 'objects', 'temporal'].map((name) => ({
      ...{ name, required: name === 'promoted_models' || name === 'objects' },
      ping: async () => {},
    })),
    caches: () => [services.loaded.counts, { ...services.loaded.counts, name: 'forecasts' }],
  });
  const waits = async () =>
    expect(((await (await fetch(`${api.url}/approvals`)).json()) as { approvals: unknown[] }).approvals).toHaveLength(
      2,
    );
  // A ticker of which nothing serves yet: nothing is to be trained again.
  await vi.waitFor(waits, { timeout: 120_000, interval: 500 });
  const corrected = samplePrices(['GOOG'], 400).replace(/(GOOG,.*,2013-02-20,.*,)\d+/, '$17');
  const taken = await withFile(corrected, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'c.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  restatementId = taken.restatement!.restatement_id;
  const forecast = (await (await fetch(`${api.url}/predict/IBM?horizon=1`)).json()) as PredictionAnswer;
  forecastId = forecast.forecast_id;
  const certificate = await fetch(`${api.url}/certificate/IBM?horizon=1`);
  certificateId = ((await certificate.json()) as { certificate_id: string }).certificate_id;
  const [to, from] = (await listDatasets(services, context, 'IBM')).datasets.map(({ dataset_id: id }) => id);
  datasets = [from!, to!];
  // What it starts finds nothing to do, so that nothing else here changes.
  await applySchedules(pipeline.temporal, context, [scheduleEntry({ workflow: 'ingestPrices' })]);
  // Another model has come to serve, from which one can go back.
  const other = (await services.registry.newest(context, 'IBM', 1, forecast.model === 'drift' ? 'naive' : 'drift'))!;
  const serving = (await services.ledger.production(context, 'IBM', 1))!;
  const { entry: ____, at: _, movedLive: __, previousModelId: ___, ...entry } = serving;
  await services.ledger.enter(context, { ...entry, modelId: other.id, kind: other.kind, executionId: 'another' });
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

/** The addresses that a documented one stands for here. */
function addresses({ url, method }: DocumentedRequest): string[] {
  const here = url
    .replace(BASE, api.url)
    .replace('random-forest', 'linear')
    .replace('/certificates/ID', `/certificates/${certificateId}`)
    .replace('IBM-1-2013-03-01-2160645b68ae', forecastId)
    .replace('1cbfdb6df7', datasets[0])
    .replace('4c69b065ba', datasets[1])
    .replace('/restatements/ID', `/restatements/${restatementId}`)
    .replace(BACKFILL, backfillId)
    .replace(TO_APPROVE, toApprove);
  if (!here.includes(RUN)) return [here];
  // A stream of a run that goes on would not end, and one that has ended cannot be cancelled twice.
  const runs = here.endsWith('/events') ? [done] : method === 'POST' ? [underWay] : [done, underWay];
  return runs.map((run) => here.replace(RUN, run));
}

async function send(request: DocumentedRequest, address: string): Promise<{ status: number; text: string }> {
  const { method, headers, data, files } = request;
  const form = new FormData();
  for (const [name, file] of files) form.append(name, new Blob([FILES[file]!]), file);
  // The decision that waits here is for another horizon than that of the page.
  const body = files.length > 0 ? form : data?.replace('"horizon":10,"verdict"', '"horizon":1,"verdict"');
  const response = await fetch(address, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (response.status === 202 && /\/(train|backfills)/.test(address)) {
    await cancelRun(pipeline.temporal, pipeline.context, (JSON.parse(text) as { run_id: string }).run_id);
  }
  return { status: response.status, text };
}

/** Beginning of each line, up to what differs from time to time, that is missing in the answer. */
function missingLines(example: string, real: string): string[] {
  const beginnings = example
    .trim()
    .split('\n')
    .map((line) => /^[a-z_]+[^\d…{]?/.exec(line)?.[0] ?? line);
  return beginnings.filter((beginning) => !real.split('\n').some((line) => line.startsWith(beginning)));
}

test('every request of docs/api.md is answered as the page shows', { timeout: 600_000 }, async () => {
  const requests = documentedRequests(page);
  expect(requests.length).toBeGreaterThan(25);
  const shown = new Set<string>();
  const matched = new Set<string>();
  for (const request of requests) {
    for (const address of addresses(request)) {
      const { status, text } = await send(request, address);
      const label = `${request.command}\n${status} ${text.slice(0, 2000)}`;
      const tries = request.answers.map(({ language, text: example }) => {
        const found =
          language === 'json'
            ? differences(parseExample(example), JSON.parse(text))
            : missingLines(example, text).map((line) => `no line begins with "${line}"`);
        shown.add(example);
        if (found.length === 0) matched.add(example);
        return found;
      });
      if (tries.length === 0) expect(status, label).toBeLessThan(400);
      else if (!tries.some((found) => found.length === 0)) expect(tries[0], label).toEqual([]);
    }
  }
  // No example without a request that is answered so.
  expect([...shown].filter((example) => !matched.has(example))).toEqual([]);
});

test('docs/api.md speaks of every endpoint', () => {
  for (const { method, path } of allEndpoints()) {
    expect(page).toContain(`${method.toUpperCase()} ${path.replace('*id', ':id')}`);
  }
});

test('another shape than that of the example is noticed', () => {
  const example = parseExample('{"a": "x…", "b": [{"c": 1}, …], "d": {…}, "e": {"f": true, …}}');
  expect(differences(example, { a: '', b: [{ c: 2 }, { c: 3 }], d: { x: 1 }, e: { f: false, g: 1 } })).toEqual([]);
  expect(differences(example, { a: 1, b: [{ c: '2' }], d: 3, e: {}, h: 1 })).toEqual([
    '$.a: string in the example, number in the answer',
    '$.b[0].c: number in the example, string in the answer',
    '$.d: object in the example, number in the answer',
    '$.e.f: not in the answer',
    '$.h: not in the example',
  ]);
});
