import { MessageChannel } from 'node:worker_threads';
import { type Context, fixedClock } from '../../../domain/context.ts';
import { evaluateModel, forecastPool } from '../../../serving/evaluation.ts';
import { materialiseFeatures } from '../../../serving/feature-sets.ts';
import { forecastWith } from '../../../serving/forecasting.ts';
import { planSearch, runTrial } from '../../../serving/parameter-search.ts';
import { modelKey } from '../../../serving/object-keys.ts';
import { drawPictures } from '../../../serving/pictures.ts';
import { decidePromotion, enterPromotion } from '../../../serving/promotion.ts';
import type { Services } from '../../../serving/services.ts';
import { snapshotTicker } from '../../../serving/snapshots.ts';
import { takeInPrices } from '../../../serving/take-in-prices.ts';
import type { TrainingPool } from '../../../serving/training-pool.ts';
import { trainModel } from '../../../serving/training.ts';
import { vantageOf } from '../../../serving/vantages.ts';
import runJob, { type ThreadJob } from '../../../workers/training-thread.ts';
import { samplePrices, withFile } from '../test-universe.ts';

/** At this clock each repetition of a write writes the same, times included. */
export const CONTEXT: Context = {
  tenant: 'default',
  principal: 'tester',
  clock: fixedClock('2013-03-03T12:00:00.000Z'),
};

/** Code that no test changes. */
export const CODE_VERSION = 'code-1';

const TICKER = 'AAPL';
const SESSIONS = 600;
const NEW_SESSIONS = 3;
const HORIZON = 1;
const RUN = `train/default/${TICKER}/direct`;
const HOW = { horizon: HORIZON, window: 'all', scaleTargets: true, embargo: 0, seed: 7, parameters: {} } as const;

/** A use case that writes. What stands before it in `WRITES` has been done. */
export interface Write {
  readonly name: string;
  /** Whether nobody may ever see a part of it: it is one transaction. */
  readonly atomic: boolean;
  /** Where it is killed; empty where it writes one thing at once, so that there is no middle. */
  readonly killedAt: readonly string[];
  run(services: Services): Promise<unknown>;
}

const TRANSACTION = ['commit', 'commit sent'];

/** Everything that a ticker's life writes, in order. Each finds what it needs by repeating what was done. */
export const WRITES: readonly Write[] = [
  { name: 'upload', atomic: true, killedAt: [], run: (services) => upload(services, olderPrices()) },
  {
    name: 'upload with restatements',
    atomic: true,
    killedAt: [
      ...['insert holding', 'insert event_version', 'insert ingest', 'insert restatement'],
      ...['insert restatement_of_ticker', ...TRANSACTION],
    ],
    run: (services) => upload(services, newerPrices(), EVENTS),
  },
  { name: 'snapshot', atomic: false, killedAt: ['put datasets/AAPL/…/manifest.json', 'insert dataset'], run: snapshot },
  { name: 'features', atomic: false, killedAt: [], run: features },
  { name: 'training', atomic: false, killedAt: ['insert model', ...TRANSACTION, 'insert model#2'], run: train },
  { name: 'evaluation', atomic: false, killedAt: ['update model', 'update model#2'], run: evaluate },
  {
    name: 'certificates',
    atomic: false,
    killedAt: ['put certificates/….json#2', 'update model', 'update model#2'],
    run: decide,
  },
  { name: 'promotion', atomic: true, killedAt: TRANSACTION, run: promote },
  { name: 'forecasts', atomic: false, killedAt: ['insert forecast#2'], run: forecasts },
  {
    name: 'pictures',
    atomic: false,
    killedAt: ['put pictures/AAPL/…/1/reliability.svg', 'put pictures/AAPL/…/1/error.svg'],
    run: async (services) => drawPictures(services, CONTEXT, await train(services)),
  },
  { name: 'trial', atomic: false, killedAt: ['update trial'], run: trial },
  {
    name: 'pool',
    atomic: false,
    killedAt: ['insert model', 'put walk-forward/AAPL/….json', 'insert model#2'],
    run: pool,
  },
];

/** An object so large that S3's adapter puts it in parts: three of them. */
export const LARGE_PUT: Write = {
  name: 'large object',
  atomic: true,
  killedAt: ['upload part', 'upload part#3', 'complete upload'],
  run: (services) => services.objects.put(CONTEXT, LARGE_KEY, LARGE_BYTES()),
};
export const LARGE_KEY = modelKey(TICKER, 'large');
export const LARGE_BYTES = () => new Uint8Array(20 * 1024 * 1024).fill(7);

const EVENTS = `ticker,date,kind,value\n${TICKER},2013-02-07,dividend,2.65\n`;

function olderPrices(): string {
  const rows = samplePrices([TICKER], SESSIONS).trim().split('\n');
  return `${rows.slice(0, -NEW_SESSIONS).join('\n')}\n`;
}

// The newest sessions, and a session before them whose volume was corrected.
function newerPrices(): string {
  const [header, ...rows] = samplePrices([TICKER], SESSIONS).trim().split('\n') as [string, ...string[]];
  const [restated, ...added] = rows.slice(-NEW_SESSIONS - 1) as [string, ...string[]];
  return `${[header, restated.replace(/(\d)$/, '$17'), ...added].join('\n')}\n`;
}

function upload(services: Services, prices: string, events?: string) {
  const how = { pricesName: 'prices.csv', onBadRow: 'refuse', adjustSplits: false } as const;
  return withFile(prices, (pricesPath) =>
    events === undefined
      ? takeInPrices(services, CONTEXT, { ...how, pricesPath })
      : withFile(events, (eventsPath) => takeInPrices(services, CONTEXT, { ...how, pricesPath, eventsPath })),
  );
}

function snapshot(services: Services) {
  return snapshotTicker(services, CONTEXT, TICKER, vantageOf(CONTEXT));
}

async function features(services: Services) {
  const { key, manifest } = await snapshot(services);
  const made = await materialiseFeatures(services, CONTEXT, key);
  const data = { ticker: TICKER, datasetId: manifest.id, datasetKey: key, featuresKey: made.key };
  return { data, featureSet: made.featureSet, asOf: manifest.lastSession };
}

async function train(services: Services): Promise<string[]> {
  const { data, ...rest } = await features(services);
  const modelIds: string[] = [];
  for (const kind of ['naive', 'linear']) {
    const task = { runId: RUN, ...HOW, kind, ...rest, panel: [data], madeFrom: [] };
    modelIds.push((await trainModel(services, HERE, CONTEXT, task)).modelId);
  }
  return modelIds;
}

async function evaluate(services: Services): Promise<string[]> {
  const modelIds = await train(services);
  const { data } = await features(services);
  for (const modelId of modelIds) await evaluateModel(services, HERE, CONTEXT, modelId, data);
  return modelIds;
}

async function decide(services: Services): Promise<string[]> {
  const modelIds = await evaluate(services);
  const { asOf } = await features(services);
  const request = { ticker: TICKER, horizon: HORIZON, asOf, modelIds, nTickers: 1, nHorizons: 1 };
  await decidePromotion(services, CONTEXT, request);
  return modelIds;
}

// What was decided comes from the run's history, so that it is not decided again.
async function promote(services: Services) {
  const { asOf } = await features(services);
  const [naive] = (await train(services)) as [string];
  const certificateId = (await services.registry.find(CONTEXT, naive))!.certificate!.id;
  const chosen = { modelId: naive, kind: 'naive', certificateId };
  const decision = { ...chosen, horizon: HORIZON, fallback: true, reasons: ['naive serves'], otherwise: chosen };
  const entry = { runId: RUN, executionId: RUN, live: true, ticker: TICKER, asOf, decision };
  return enterPromotion(services, CONTEXT, entry);
}

async function forecasts(services: Services): Promise<void> {
  for (const modelId of await train(services)) await forecastWith(services, CONTEXT, modelId, vantageOf(CONTEXT));
}

async function trial(services: Services) {
  const { data, featureSet } = await features(services);
  const task = { ...HOW, kind: 'linear', featureSet, data };
  const search = (await planSearch(services, HERE, CONTEXT, task))!;
  return runTrial(services, HERE, CONTEXT, { task, search, number: 0 });
}

async function pool(services: Services) {
  const { data, ...rest } = await features(services);
  const task = { runId: RUN, ...HOW, kind: 'pooled-linear', ...rest };
  const { modelId } = await trainModel(services, HERE, CONTEXT, { ...task, panel: [data], madeFrom: [] });
  await forecastPool(services, HERE, CONTEXT, modelId, [data]);
  return trainModel(services, HERE, CONTEXT, { ...task, panel: [data], madeFrom: [modelId] });
}

/** Does the jobs of training threads in the thread that asks. */
const HERE: TrainingPool = {
  backend: (learner) => job({ job: 'backend', learner }),
  fit: (task) => job({ job: 'fit', task }),
  walkForward: (task) => job({ job: 'walk-forward', task }),
  trialLoss: (task) => job({ job: 'trial-loss', task }),
  checkLeakage: (task, history) => job({ job: 'check-leakage', task, history }),
  close: () => Promise.resolve(),
};

async function job<T>(what: ThreadJob): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  try {
    const answer = await runJob({ ...what, port: port2 });
    if (answer.ok) return answer.value as T;
    throw new Error(`${answer.code}: ${JSON.stringify(answer.details)}`);
  } finally {
    port1.close();
  }
}
