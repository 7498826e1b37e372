import { codeVersion } from '../../config/code-version.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { evaluateModel } from '../../serving/evaluation.ts';
import { materialiseFeatures } from '../../serving/feature-sets.ts';
import { forecastWith } from '../../serving/forecasting.ts';
import { drawPictures } from '../../serving/pictures.ts';
import { trainingPlan } from '../../serving/planning.ts';
import { decidePromotion, enterPromotion } from '../../serving/promotion.ts';
import { createServices } from '../../serving/services.ts';
import { snapshotTicker } from '../../serving/snapshots.ts';
import { trainModel } from '../../serving/training.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { openStores } from '../../stores/open-stores.ts';
import { ThreadedTrainingPool } from '../../workers/threaded-training-pool.ts';
import { WARM_UP_TICKERS } from './resampled-universe.ts';
import { CONTEXT, IN_FLIGHT_PER_WORKER, WORK } from './work.ts';

// The same use cases as the activities call, one after the other in a loop: no workflow, nothing durable, no retry.
const [url = '', objectsDir = '', threads = '1'] = process.argv.slice(2);
const stores = openStores({ database: { url, poolSize: 10, statementTimeoutMs: 60_000 }, objectsDir });
const services = createServices(stores, codeVersion(PROJECT_DIR));
const pool = new ThreadedTrainingPool(Number(threads));
const plan = trainingPlan(WORK);
const [horizon] = plan.horizons as [number];
const known = (await services.bars.tickers(CONTEXT)).map(({ ticker }) => ticker);
const measured = known.filter((ticker) => !WARM_UP_TICKERS.includes(ticker));
const nTickers = measured.length;

async function trainOne(ticker: string): Promise<void> {
  const runId = `loop/${ticker}`;
  const vantage = vantageOf(CONTEXT);
  const { key, manifest } = await snapshotTicker(services, CONTEXT, ticker, vantage);
  const features = await materialiseFeatures(services, CONTEXT, key);
  const asOf = manifest.lastSession;
  const data = { ticker, datasetId: manifest.id, datasetKey: key, featuresKey: features.key };
  const { window, scaleTargets, embargo, seed } = plan;
  const modelIds = await Promise.all(
    plan.kinds.map(async (kind) => {
      const how = { horizon, kind, window, scaleTargets, embargo, seed, parameters: plan.parameters[kind] ?? {} };
      const task = { runId, ...how, asOf, featureSet: features.featureSet, panel: [data], madeFrom: [] };
      return (await trainModel(services, pool, CONTEXT, task)).modelId;
    }),
  );
  await Promise.all(modelIds.map((modelId) => evaluateModel(services, pool, CONTEXT, modelId, data)));
  const request = { ticker, horizon, asOf, modelIds, nTickers, nHorizons: 1 };
  const decision = await decidePromotion(services, CONTEXT, request);
  await enterPromotion(services, CONTEXT, { runId, executionId: runId, live: true, ticker, asOf, decision });
  await forecastWith(services, CONTEXT, decision.modelId, vantage);
  await drawPictures(services, CONTEXT, modelIds);
}

async function trainAll(tickers: readonly string[]): Promise<void> {
  const waiting = [...tickers];
  const lane = async (): Promise<void> => {
    for (let ticker = waiting.shift(); ticker !== undefined; ticker = waiting.shift()) await trainOne(ticker);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_PER_WORKER * Number(threads) }, lane));
}

await trainAll(WARM_UP_TICKERS);
process.send!('ready');
await new Promise((resolve) => process.once('message', resolve));
await trainAll(measured);
process.send!('done');
await new Promise((resolve) => process.once('message', resolve));
await pool.close();
await stores.close();
process.disconnect();
