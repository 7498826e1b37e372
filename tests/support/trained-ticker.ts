import { type Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { materialiseFeatures } from '../../serving/feature-sets.ts';
import { promoteBest } from '../../serving/promotion.ts';
import type { Services } from '../../serving/services.ts';
import { snapshotTicker } from '../../serving/snapshots.ts';
import { evaluateModel, trainModel } from '../../serving/training.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { ThreadedTrainingPool } from '../../workers/threaded-training-pool.ts';

/** Trains, evaluates and promotes models of a ticker by the real use cases, without a workflow. */
export async function trainDirectly(
  services: Services,
  context: Context,
  { ticker, horizon, kinds }: { readonly ticker: string; readonly horizon: Horizon; readonly kinds: readonly string[] },
): Promise<void> {
  const { key, manifest } = await snapshotTicker(services, context, ticker, vantageOf(context));
  const features = await materialiseFeatures(services, context, key);
  const asOf = manifest.lastSession;
  const runId = `train/${context.tenant}/${ticker}/${asOf}/direct`;
  const pool = new ThreadedTrainingPool(1);
  try {
    const modelIds: string[] = [];
    for (const kind of kinds) {
      const task = {
        runId,
        ticker,
        horizon,
        kind,
        window: 'all' as const,
        seed: 7,
        parameters: {},
        asOf,
        dataset: manifest,
        features,
      };
      const { modelId } = await trainModel(services, pool, context, task);
      await evaluateModel(services, pool, context, modelId, features.key);
      modelIds.push(modelId);
    }
    const entry = { runId, executionId: runId, live: true, ticker, horizon, asOf, modelIds };
    await promoteBest(services, context, entry);
  } finally {
    await pool.close();
  }
}
