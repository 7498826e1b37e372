import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Certificate } from '../domain/certificate.ts';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { applySchedules } from '../serving/schedules/apply-schedules.ts';
import { json } from '../tests/support/answers.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { scheduleEntry } from '../tests/support/schedule-entry.ts';
import { samplePrices, takeInTestUniverse } from '../tests/support/test-universe.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { allEndpoints } from './routes/index.ts';

const CHALLENGE = { tickers: ['AAPL'], horizon: 1, challenger: 'drift' };
const SMALL = { kinds: ['linear'], horizons: [1], window: 300 };

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { readonly content?: Record<string, unknown>; readonly description: string }>;
}

let pipeline: TestPipeline;
let api: RunningApi;
let document: { readonly paths: Record<string, Record<string, Operation>> };
let ajv: Ajv2020;
let done: string;
let waiting: string;
let certificateId: string;
let modelId: string;
let datasetId: string;
let forecastId: string;
let restatementId: string;
let experimentId: string;
let parked: readonly string[];
let backfillId: string;
let longBackfillId: string;
let failedBackfillId: string;

beforeAll(async () => {
  pipeline = await startPipeline();
  await takeInTestUniverse(pipeline.services, pipeline.context);
  // What it starts finds nothing to do, so that nothing else here changes.
  await applySchedules(pipeline.temporal, pipeline.context, [scheduleEntry({ workflow: 'ingestPrices' })]);
  const { services } = pipeline;
  api = await startApi({
    ...pipeline,
    dependencies: [{ name: 'database', required: true, ping: async () => {}, breaker: () => 'closed' }],
    caches: () => [services.loaded.counts],
  });
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as typeof document;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
  const train = async (path: string) => {
    const answer = await fetch(`${api.url}${path}`, json({ ...SMALL, ...SMALL_WISH, kinds: ['linear'] }));
    return ((await answer.json()) as { run_id: string }).run_id;
  };
  done = await train('/train/AAPL?wait=true');
  waiting = await train('/train/MSFT?require_approval=true');
  const approvals = async () =>
    expect(await (await fetch(`${api.url}/approvals`)).json()).toMatchObject({ approvals: [{ run_id: waiting }] });
  await vi.waitFor(approvals, { timeout: 120_000, interval: 500 });
  const backfill = async (order: object) =>
    ((await (await fetch(`${api.url}/backfills`, json(order))).json()) as { run_id: string }).run_id;
  backfillId = await backfill({ tickers: ['MSFT'], from: '2010-10-20', to: '2010-10-29' });
  const certificate = await fetch(`${api.url}/certificate/AAPL?horizon=1`);
  const found = (await certificate.json()) as { certificate_id: string; certificate: Certificate };
  certificateId = found.certificate_id;
  modelId = found.certificate.modelId;
  datasetId = found.certificate.model.datasetId;
  const forecast = await fetch(`${api.url}/predict/AAPL?horizon=1`);
  forecastId = ((await forecast.json()) as { forecast_id: string }).forecast_id;
  const experiment = await fetch(`${api.url}/experiments`, json(CHALLENGE));
  experimentId = ((await experiment.json()) as { experiment_id: string }).experiment_id;
  // One volume of a ticker of which nothing serves.
  const upload = (prices: string) => fetch(`${api.url}/upload`, { method: 'POST', body: file(prices) });
  const prices = samplePrices(['GOOG'], 100);
  await (await upload(prices)).text();
  const taken = await upload(prices.replace(/(GOOG,.*,2013-02-20,.*,)\d+/, '$17'));
  const report = (await taken.json()) as { restatement?: { restatement_id: string } };
  restatementId = report.restatement!.restatement_id;
  // Its last close a hundredfold, as if in cents, parks its runs.
  await (await upload(prices.replace(/(GOOG,.*,2013-03-01,)([\d.]+),([\d.]+),([\d.]+),([\d.]+)/, inCents))).text();
  await (
    await upload(
      samplePrices(['MSFT'], 400)
        .replaceAll('MSFT', 'AMZN')
        .replace(/(AMZN,.*,2013-03-01,)([\d.]+),([\d.]+),([\d.]+),([\d.]+)/, inCents),
    )
  ).text();
  failedBackfillId = await backfill({ ...SMALL, tickers: ['AMZN'], from: '2013-03-01', to: '2013-03-01' });
  await pipeline.ended(failedBackfillId);
  longBackfillId = await backfill({ ...SMALL, tickers: ['AAPL'], from: '2010-03-01', to: '2010-10-29', every: 1 });
  for (const seed of [1, 2]) await (await fetch(`${api.url}/train/GOOG`, json({ ...SMALL, seed }))).text();
  const twoParked = async () => {
    const answer = (await (await fetch(`${api.url}/runs/parked`)).json()) as { parked: { run_id: string }[] };
    parked = answer.parked.map(({ run_id }) => run_id);
    expect(parked).toHaveLength(2);
  };
  await vi.waitFor(twoParked, { timeout: 120_000, interval: 500 });
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const inCents = (_: string, row: string, ...cells: string[]) =>
  `${row}${cells
    .slice(0, 4)
    .map((price) => (Number(price) * 100).toFixed(2))
    .join()}`;

/** A request, and the status that it is answered with; of a stream only the beginning is read. */
interface Case {
  readonly operation: string;
  readonly path: string;
  readonly status: number;
  readonly code?: ErrorCode;
  readonly init?: RequestInit;
}

const file = (prices = samplePrices(['IBM'], 100)) => {
  const form = new FormData();
  form.append('file', new Blob([prices]), 'prices.csv');
  return form;
};
const post = { method: 'POST' } as const;
const horizon = 'horizon=1';

const good: readonly (() => Case)[] = [
  () => ({ operation: 'get /', path: '/', status: 200 }),
  () => ({ operation: 'get /health', path: '/health', status: 200 }),
  () => ({ operation: 'get /ready', path: '/ready', status: 200 }),
  () => ({ operation: 'get /performance', path: '/performance', status: 200 }),
  () => ({ operation: 'get /metrics', path: '/metrics', status: 200 }),
  () => ({ operation: 'post /upload', path: '/upload', status: 200, init: { ...post, body: file() } }),
  () => ({ operation: 'get /tickers', path: '/tickers', status: 200 }),
  () => ({ operation: 'get /restatements', path: '/restatements?limit=5', status: 200 }),
  () => ({ operation: 'get /restatements/{id}', path: `/restatements/${restatementId}`, status: 200 }),
  () => ({
    operation: 'post /restatements/{id}/retrain',
    path: `/restatements/${restatementId}/retrain`,
    status: 202,
    init: post,
  }),
  () => ({ operation: 'get /schedules', path: '/schedules', status: 200 }),
  () => ({ operation: 'get /schedules/{name}', path: '/schedules/retrain', status: 200 }),
  ...['pause', 'resume', 'trigger'].map((verb) => () => ({
    operation: `post /schedules/{name}/${verb}`,
    path: `/schedules/retrain/${verb}`,
    status: verb === 'trigger' ? 202 : 200,
    init: post,
  })),
  () => ({ operation: 'get /features/{ticker}', path: '/features/AAPL', status: 200 }),
  () => ({ operation: 'get /features/{ticker}', path: '/features/AAPL?as_of=2013-02-24', status: 200 }),
  () => ({ operation: 'post /train/{ticker}', path: '/train/AAPL', status: 202, init: json(SMALL) }),
  () => ({ operation: 'post /train/{ticker}', path: '/train/AAPL?wait=true', status: 200, init: json(SMALL) }),
  () => ({ operation: 'get /train/{ticker}', path: '/train/AAPL?kinds=linear&horizons=1&window=300', status: 202 }),
  () => ({
    operation: 'get /train/{ticker}',
    path: '/train/AAPL?kinds=linear&horizons=1&window=300&wait=1',
    status: 400,
  }),
  () => ({
    operation: 'get /train/{ticker}',
    path: '/train/AAPL?kinds=linear&horizons=1&window=300&wait=true',
    status: 200,
  }),
  () => ({ operation: 'post /train', path: '/train', status: 202, init: json({ ...SMALL, tickers: ['AAPL'] }) }),
  () => ({
    operation: 'post /train',
    path: '/train?wait=true',
    status: 200,
    init: json({ ...SMALL, tickers: ['AAPL'] }),
  }),
  () => ({ operation: 'get /runs', path: '/runs?limit=5', status: 200 }),
  () => ({ operation: 'get /runs/{id}', path: `/runs/${done}`, status: 200 }),
  () => ({ operation: 'get /runs/{id}', path: `/runs/${waiting}`, status: 200 }),
  () => ({ operation: 'get /runs/{id}/events', path: `/runs/${done}/events`, status: 200 }),
  () => ({ operation: 'get /approvals', path: '/approvals', status: 200 }),
  () => ({
    operation: 'post /backfills',
    path: '/backfills',
    status: 202,
    init: json({ tickers: ['AAPL'], from: '2010-10-20', to: '2010-10-29', every: 3 }),
  }),
  () => ({ operation: 'get /backfills', path: '/backfills?limit=5', status: 200 }),
  ...['pause', 'resume'].map((verb) => () => ({
    operation: `post /backfills/{id}/${verb}`,
    path: `/backfills/${longBackfillId}/${verb}`,
    status: 202,
    init: post,
  })),
  () => ({ operation: 'get /backfills/{id}', path: `/backfills/${backfillId}`, status: 200 }),
  () => ({ operation: 'get /backfills/{id}/failed', path: `/backfills/${failedBackfillId}/failed`, status: 200 }),
  () => ({
    operation: 'post /backfills/{id}/retry',
    path: `/backfills/${failedBackfillId}/retry`,
    status: 202,
    init: post,
  }),
  () => ({ operation: 'post /runs/{id}/cancel', path: `/runs/${longBackfillId}/cancel`, status: 202, init: post }),
  () => ({ operation: 'get /predict/{ticker}', path: `/predict/AAPL?${horizon}`, status: 200 }),
  () => ({
    operation: 'post /batch-predict',
    path: '/batch-predict',
    status: 200,
    init: json({ tickers: ['AAPL', 'ZZZZ'], horizon: 1 }),
  }),
  () => ({ operation: 'get /history/{ticker}', path: `/history/AAPL?${horizon}`, status: 200 }),
  () => ({ operation: 'get /track-record/{ticker}', path: '/track-record/AAPL', status: 200 }),
  () => ({ operation: 'get /drift/{ticker}', path: '/drift/AAPL', status: 200 }),
  ...['/score?ticker=AAPL', '/drift?ticker=AAPL', '/experiments/judge'].map((path) => () => ({
    ...{ operation: `post ${path.split('?')[0]}`, path, status: 202, init: post },
  })),
  () => ({ operation: 'get /experiments/{id}', path: `/experiments/${experimentId}`, status: 200 }),
  () => ({
    operation: 'post /experiments/{id}/stop',
    path: `/experiments/${experimentId}/stop`,
    status: 200,
    init: json({ reason: 'enough' }),
  }),
  () => ({ operation: 'post /experiments', path: '/experiments', status: 201, init: json(CHALLENGE) }),
  () => ({ operation: 'get /experiments', path: '/experiments?limit=5', status: 200 }),
  () => ({ operation: 'get /leaderboard', path: '/leaderboard', status: 200 }),
  () => ({ operation: 'get /certificate/{ticker}', path: `/certificate/AAPL?${horizon}`, status: 200 }),
  () => ({ operation: 'get /certificates/{id}', path: `/certificates/${certificateId}`, status: 200 }),
  () => ({ operation: 'get /models/compare/{ticker}', path: `/models/compare/AAPL?${horizon}`, status: 200 }),
  () => ({
    operation: 'get /models/{id}/pictures/{name}',
    path: `/models/${modelId}/pictures/forecast`,
    status: 200,
  }),
  () => ({ operation: 'get /lineage/{id}', path: `/lineage/${forecastId}`, status: 200 }),
  () => ({ operation: 'get /datasets/{ticker}', path: '/datasets/AAPL?limit=1', status: 200 }),
  () => ({
    operation: 'get /datasets/{id}/diff/{other}',
    path: `/datasets/${datasetId}/diff/${datasetId.slice(0, 8)}`,
    status: 200,
  }),
  () => ({ operation: 'get /models/{ticker}/history', path: '/models/AAPL/history?on=2013-03-01', status: 200 }),
  () => ({
    operation: 'post /models/{ticker}/rollback',
    path: '/models/AAPL/rollback',
    status: 200,
    init: json({ horizon: 1, to: modelId, reason: 'it serves already' }),
  }),
  () => ({ operation: 'get /trials/{ticker}', path: '/trials/AAPL', status: 200 }),
  () => ({ operation: 'get /models/status', path: '/models/status', status: 200 }),
  () => ({ operation: 'post /models/{ticker}/load', path: '/models/AAPL/load', status: 200, init: post }),
  () => ({ operation: 'post /models/{ticker}/unload', path: '/models/AAPL/unload', status: 200, init: post }),
  () => ({
    operation: 'post /runs/{id}/verdict',
    path: `/runs/${waiting}/verdict`,
    status: 200,
    init: json({ horizon: 1, verdict: 'approve', by: 'Ada', reason: 'it holds' }),
  }),
  () => ({ operation: 'post /runs/{id}/cancel', path: `/runs/${waiting}/cancel`, status: 202, init: post }),
  () => ({ operation: 'get /runs/parked', path: '/runs/parked', status: 200 }),
  () => ({
    operation: 'post /runs/{id}/correct',
    path: `/runs/${parked[0]}/correct`,
    status: 200,
    init: { ...post, body: file(samplePrices(['GOOG'], 100)) },
  }),
  () => ({
    operation: 'post /runs/{id}/accept',
    path: `/runs/${parked[1]}/accept`,
    status: 200,
    init: json({ by: 'Ada', reason: 'it was like that' }),
  }),
];

const NONE = 'train/default/NONE/2013-03-01/1';
const missing: readonly (() => Case)[] = [
  ...['predict', 'history', 'certificate', 'features', 'track-record', 'drift'].map((name) => () => ({
    operation: `get /${name}/{ticker}`,
    path: `/${name}/ZZZZ`,
    status: 404,
    code: 'TICKER_UNKNOWN' as const,
  })),
  () => ({ operation: 'get /predict/{ticker}', path: '/predict/AAPL?horizon=7', status: 409, code: 'MODEL_MISSING' }),
  () => ({
    operation: 'get /predict/{ticker}',
    path: '/predict/AAPL?model=oracle',
    status: 400,
    code: 'MODEL_KIND_UNKNOWN',
  }),
  () => ({
    operation: 'get /features/{ticker}',
    path: '/features/AAPL?as_of=1999-12-31',
    status: 404,
    code: 'FEATURES_MISSING',
  }),
  () => ({
    operation: 'get /features/{ticker}',
    path: '/features/AAPL?as_of=2013-02-30',
    status: 400,
    code: 'DATE_INVALID',
  }),
  () => ({ operation: 'get /runs/{id}', path: `/runs/${NONE}`, status: 404, code: 'RUN_UNKNOWN' }),
  () => ({ operation: 'get /runs/{id}/events', path: `/runs/${NONE}/events`, status: 404, code: 'RUN_UNKNOWN' }),
  () => ({
    operation: 'post /runs/{id}/cancel',
    path: `/runs/${NONE}/cancel`,
    status: 404,
    code: 'RUN_UNKNOWN',
    init: post,
  }),
  () => ({
    operation: 'post /runs/{id}/verdict',
    path: `/runs/${done}/verdict`,
    status: 409,
    code: 'VERDICT_REFUSED',
    init: json({ horizon: 1, verdict: 'approve', by: 'Ada', reason: 'late' }),
  }),
  () => ({
    operation: 'post /runs/{id}/correct',
    path: `/runs/${done}/correct`,
    status: 409,
    code: 'MENDING_REFUSED',
    init: { ...post, body: file() },
  }),
  () => ({
    operation: 'post /runs/{id}/accept',
    path: `/runs/${done}/accept`,
    status: 409,
    code: 'MENDING_REFUSED',
    init: json({ reason: 'late' }),
  }),
  () => ({ operation: 'get /certificates/{id}', path: '/certificates/abc', status: 404, code: 'CERTIFICATE_UNKNOWN' }),
  () => ({ operation: 'get /lineage/{id}', path: '/lineage/abc', status: 404, code: 'LINEAGE_UNKNOWN' }),
  ...['get /schedules/{name}', 'post /schedules/{name}/pause', 'post /schedules/{name}/trigger'].map(
    (operation) => () => ({
      ...{ operation, path: operation.split(' ')[1]!.replace('{name}', 'none'), status: 404 },
      ...{ code: 'SCHEDULE_UNKNOWN' as const, init: operation.startsWith('post') ? post : {} },
    }),
  ),
  ...['get /backfills/{id}', 'get /backfills/{id}/failed', 'post /backfills/{id}/pause'].map((operation) => () => ({
    ...{ operation, path: operation.split(' ')[1]!.replace('{id}', NONE), status: 404 },
    ...{ code: 'RUN_UNKNOWN' as const, init: operation.startsWith('post') ? post : {} },
  })),
  ...['pause', 'retry'].map((verb) => () => ({
    operation: `post /backfills/{id}/${verb}`,
    path: `/backfills/${backfillId}/${verb}`,
    status: 400,
    code: 'REQUEST_INVALID' as const,
    init: post,
  })),
  () => ({
    operation: 'post /backfills',
    path: '/backfills',
    status: 400,
    code: 'DATE_INVALID',
    init: json({ from: '2012-10-01', to: '2099-01-01' }),
  }),
  ...['get /restatements/{id}', 'post /restatements/{id}/retrain'].map((operation) => () => ({
    operation,
    path: operation.split(' ')[1]!.replace('{id}', 'abc'),
    status: 404,
    code: 'RESTATEMENT_UNKNOWN' as const,
    init: operation.startsWith('post') ? post : {},
  })),
  () => ({
    operation: 'get /datasets/{id}/diff/{other}',
    path: '/datasets/abcd/diff/abcd',
    status: 404,
    code: 'DATASET_UNKNOWN',
  }),
  () => ({
    operation: 'get /models/{ticker}/history',
    path: '/models/AAPL/history?on=yesterday',
    status: 400,
    code: 'DATE_INVALID',
  }),
  () => ({
    operation: 'post /models/{ticker}/rollback',
    path: '/models/AAPL/rollback',
    status: 409,
    code: 'ROLLBACK_REFUSED',
    init: json({ horizon: 1, reason: 'nothing served before' }),
  }),
  () => ({ operation: 'post /train/{ticker}', path: '/train/ZZZZ', status: 404, code: 'TICKER_UNKNOWN', init: post }),
  () => ({ operation: 'get /train/{ticker}', path: '/train/A%20B', status: 400, code: 'TICKER_INVALID' }),
  () => ({ operation: 'post /train', path: '/train?horizons=0', status: 400, code: 'HORIZON_INVALID', init: post }),
  () => ({ operation: 'post /upload', path: '/upload', status: 415, code: 'MEDIA_TYPE_UNSUPPORTED', init: json({}) }),
  () => ({ operation: 'post /score', path: '/score?ticker=ZZZZ', status: 404, code: 'TICKER_UNKNOWN', init: post }),
  () => ({ operation: 'get /leaderboard', path: '/leaderboard?tickers=ZZZZ', status: 404, code: 'TICKER_UNKNOWN' }),
  () => ({ operation: 'get /experiments/{id}', path: '/experiments/none', status: 404, code: 'EXPERIMENT_UNKNOWN' }),
  () => ({
    operation: 'post /experiments',
    path: '/experiments',
    status: 409,
    code: 'EXPERIMENT_REFUSED',
    init: json(CHALLENGE),
  }),
  ...['load', 'unload'].map((verb) => () => ({
    operation: `post /models/{ticker}/${verb}`,
    path: `/models/IBM/${verb}`,
    status: 409,
    code: 'MODEL_MISSING' as const,
    init: post,
  })),
];

const held = new Set<string>();
const failed = new Set<string>();

/** Sends a request and holds what comes back against the document. */
async function holds({ operation, path, status, code, init = {} }: Case): Promise<void> {
  const [method, template] = operation.split(' ') as [string, string];
  const response = await fetch(`${api.url}${path}`, init);
  const text = await response.text();
  const label = `${operation}: ${path}: ${text.slice(0, 500)}`;
  expect(response.status, label).toBe(status);
  const described = document.paths[template]?.[method]?.responses[String(status)];
  expect(described, `${operation} does not describe ${status}`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  expect(Object.keys(described!.content ?? {}), label).toEqual([type]);
  const validate = ajv.getSchema(
    `openapi#/paths/${pointer(template)}/${method}/responses/${status}/content/${pointer(type)}/schema`,
  ) as ValidateFunction;
  const body: unknown = type.endsWith('json') ? JSON.parse(text) : text;
  expect(validate(body) ? [] : validate.errors, label).toEqual([]);
  if (code !== undefined) {
    expect(body).toMatchObject({ code, status });
    expect(described!.description).toContain(`${code}: ${ERRORS[code].title}`);
  }
  (status < 400 ? held : failed).add(operation);
}

function pointer(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}

const operations = allEndpoints().map(({ method, path }) => `${method} ${path.replace(/[:*](\w+)/g, '{$1}')}`);

test('every endpoint answers as the document says', async () => {
  for (const each of good) await holds(each());
  expect([...held].sort()).toEqual([...operations].sort());
});

test('every endpoint refuses and fails as the document says', async () => {
  for (const each of missing) await holds(each());
  for (const operation of operations) {
    const [method, template] = operation.split(' ') as [string, string];
    const path = template
      .replace('{ticker}', 'AAPL')
      .replace('{id}', /^\/(runs|backfills)/.test(template) ? done : 'abc')
      .replace('{other}', 'abc')
      .replace('{name}', 'forecast');
    const init = method === 'post' ? { method: 'POST' } : {};
    // What no endpoint knows, and a page of another site.
    await holds({ operation, path: `${path}?no_such_field=1`, status: 400, code: 'REQUEST_INVALID', init });
    if (method === 'post') {
      const foreign = { ...init, headers: { origin: 'https://elsewhere.example' } };
      await holds({ operation, path, status: 403, code: 'REQUEST_FOREIGN', init: foreign });
    }
  }
  expect([...failed].sort()).toEqual([...operations].sort());
});

test('what is sent too often is refused as the document says', async () => {
  const limited = await startApi({ ...pipeline, settings: { rateLimit: 1 } });
  try {
    expect((await fetch(`${limited.url}/tickers`)).status).toBe(200);
    for (const { method, path, unlimited } of allEndpoints()) {
      const address = `${limited.url}${path.replace(':ticker', 'AAPL').replace('*id', done).replace(':id', 'x').replace(':name', 'forecast')}`;
      const answer = await fetch(`${address}?no_such_field=1`, { method: method.toUpperCase() });
      const { responses } = document.paths[path.replace(/[:*](\w+)/g, '{$1}')]![method]!;
      expect(Object.keys(responses).includes('429'), path).toBe(unlimited !== true);
      if (unlimited !== true) {
        expect(answer.status, path).toBe(429);
        expect(answer.headers.get('content-type')).toContain(PROBLEM_TYPE);
      }
      await answer.text();
    }
  } finally {
    await limited.stop();
  }
});

test('a document that says something else is noticed', () => {
  const validate = ajv.getSchema('openapi#/components/schemas/Health')!;
  expect([
    validate({ status: 'healthy' }),
    validate({ status: 'ok' }),
    validate({ status: 'healthy', more: 1 }),
  ]).toEqual([true, false, false]);
});
