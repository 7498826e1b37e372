import {
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DataActivities } from '../activities/data.ts';
import { failureReason } from '../domain/failure-reason.ts';
import { type PooledModel, QUEUES, type TrainPoolInput, type TrainPoolResult, runAttributes } from '../domain/run.ts';
import { DATA_ACTIVITY } from './activity-options.ts';
import { poolProgressQuery } from './progress.ts';
import { training } from './training-activities.ts';
import { tellVerdict } from './verdict.ts';

const data = proxyActivities<DataActivities>({ ...DATA_ACTIVITY, taskQueue: QUEUES.data });

/**
 * Fits the pooled models of a universe, each on all of its tickers at once, and forecasts each ticker walk-forward with
 * them. A ticker whose history cannot be read is left out and noted.
 */
export async function trainPool(input: TrainPoolInput): Promise<TrainPoolResult> {
  try {
    return await fitPool(input);
  } catch (error) {
    tellVerdict(error, () => patched('cancelled-pool-has-verdict'));
    throw error;
  }
}

async function fitPool(input: TrainPoolInput): Promise<TrainPoolResult> {
  const { context, tickers, vantage, plan } = input;
  const runId = workflowInfo().workflowId;
  const wanted = plan.horizons.flatMap((horizon) => plan.pooledKinds.map((kind) => ({ horizon, kind })));
  const notes: string[] = [];
  let done = 0;
  const total = tickers.length + 2 * wanted.length;
  setHandler(poolProgressQuery, () => ({ done, total }));
  upsertSearchAttributes(runAttributes({ stage: 'train' }));

  const read = await Promise.all(
    tickers.map(async (ticker) => {
      try {
        // What its own run would be parked for must not teach the others.
        const check = plan.parking !== undefined && plan.parking.onBadData !== 'ignore';
        const dataset = await data.ingest({ context, ticker, vantage, check });
        const features = await data.preprocess({ context, datasetKey: dataset.key });
        return [{ ticker, datasetId: dataset.id, featuresKey: features.key, dataset, features }];
      } catch (error) {
        if (isCancellation(error)) throw error;
        notes.push(`${ticker} is not in the pool: ${failureReason(error).message}`);
        return [];
      } finally {
        done++;
      }
    }),
  );
  const members = read.flat();
  if (members.length < 2) return { models: [], notes };
  const panel = members.map(({ ticker, datasetId, featuresKey }) => ({ ticker, datasetId, featuresKey }));
  const asOf = members
    .map(({ dataset }) => dataset.lastSession)
    .sort()
    .at(-1)!;
  const { featureSet } = members[0]!.features;
  const { window, scaleTargets, embargo, seed } = plan;
  const models = await Promise.all(
    wanted.map(async ({ horizon, kind }): Promise<PooledModel> => {
      const parameters = plan.parameters[kind] ?? {};
      const how = { horizon, kind, window, scaleTargets, embargo, seed, parameters };
      const { modelId } = await training.train({ context, runId, ...how, asOf, featureSet, panel, madeFrom: [] });
      done++;
      await training.forecastPool({ context, modelId, panel });
      done++;
      return { kind, horizon, modelId };
    }),
  );
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict: 'completed' }));
  return { models, notes };
}
