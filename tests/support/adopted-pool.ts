import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { evaluateModel, forecastPool } from '../../serving/evaluation.ts';
import { materialiseFeatures } from '../../serving/feature-sets.ts';
import { decidePromotion } from '../../serving/promotion.ts';
import type { Services } from '../../serving/services.ts';
import { snapshotTicker } from '../../serving/snapshots.ts';
import { trainModel } from '../../serving/training.ts';
import type { TrainingPool } from '../../serving/training-pool.ts';
import { vantageOf } from '../../serving/vantages.ts';

/**
 * Fits a pooled kind on some tickers, lets the first of them adopt it, and certifies that by the real use cases, without
 * a workflow. The first ticker must have its naive model already.
 */
export async function adoptPool(
  services: Services,
  pool: TrainingPool,
  context: Context,
  request: { readonly tickers: readonly string[]; readonly horizon: Horizon; readonly kind: string },
): Promise<void> {
  const { tickers, horizon, kind } = request;
  const panel = await Promise.all(
    tickers.map(async (ticker) => {
      const { key, manifest } = await snapshotTicker(services, context, ticker, vantageOf(context));
      const features = await materialiseFeatures(services, context, key);
      return { ticker, datasetId: manifest.id, datasetKey: key, featuresKey: features.key, features, manifest };
    }),
  );
  const [first] = panel as [(typeof panel)[0]];
  const { ticker, manifest, features } = first;
  const asOf = manifest.lastSession;
  const how = { horizon, kind, window: 'all', scaleTargets: true, embargo: 0, seed: 7, parameters: {} } as const;
  const task = { runId: 'pool', asOf, ...how, featureSet: features.featureSet };
  const pooled = await trainModel(services, pool, context, { ...task, panel, madeFrom: [] });
  await forecastPool(services, pool, context, pooled.modelId, panel);
  const adopted = await trainModel(services, pool, context, { ...task, panel: [first], madeFrom: [pooled.modelId] });
  await evaluateModel(services, pool, context, adopted.modelId, first);
  const naive = await services.registry.newest(context, ticker, horizon, 'naive');
  const modelIds = [naive!.id, adopted.modelId];
  await decidePromotion(services, context, { ticker, horizon, asOf, modelIds, nTickers: tickers.length, nHorizons: 1 });
}
