import { type Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { shortHash } from '../../domain/identity.ts';
import { kindNamed } from '../../models/kinds.ts';
import { evaluateModel } from '../../serving/evaluation.ts';
import { materialiseFeatures } from '../../serving/feature-sets.ts';
import { decidePromotion, enterPromotion } from '../../serving/promotion.ts';
import type { Services } from '../../serving/services.ts';
import { snapshotTicker } from '../../serving/snapshots.ts';
import { trainModel } from '../../serving/training.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { ThreadedTrainingPool } from '../../workers/threaded-training-pool.ts';

/**
 * Trains, evaluates and promotes models of a ticker by the real use cases, without a workflow. Members of an ensemble
 * must stand before it.
 */
export async function trainDirectly(
  services: Services,
  context: Context,
  {
    ticker,
    horizon,
    kinds,
    asOf: day,
  }: {
    readonly ticker: string;
    readonly horizon: Horizon;
    readonly kinds: readonly string[];
    /** As of a past day, as `--as-of` does. */
    readonly asOf?: string;
  },
): Promise<void> {
  const vantage = vantageOf(context, day);
  const { key, manifest } = await snapshotTicker(services, context, ticker, vantage);
  const features = await materialiseFeatures(services, context, key);
  const asOf = manifest.lastSession;
  const runId = `train/${context.tenant}/${ticker}/${asOf}/${shortHash([manifest.id, day ?? 'live'])}`;
  const data = { ticker, datasetId: manifest.id, datasetKey: key, featuresKey: features.key };
  const how = { window: 'all', scaleTargets: true, embargo: 0, seed: 7, parameters: {} } as const;
  const pool = new ThreadedTrainingPool(1);
  try {
    const modelIds: string[] = [];
    const idOf = new Map<string, string>();
    for (const kind of kinds) {
      const { featureSet } = features;
      const task = {
        runId,
        horizon,
        kind,
        ...how,
        asOf,
        featureSet,
        panel: [data],
        madeFrom: membersOf(kind).map((name) => idOf.get(name)!),
      };
      const { modelId } = await trainModel(services, pool, context, task);
      await evaluateModel(services, pool, context, modelId, data);
      modelIds.push(modelId);
      idOf.set(kind, modelId);
    }
    const then = day === undefined ? {} : { knownAt: vantage.knownAt };
    const request = { ticker, horizon, asOf, modelIds, nTickers: 1, nHorizons: 1, ...then };
    const decision = await decidePromotion(services, context, request);
    await enterPromotion(services, context, {
      runId,
      executionId: runId,
      live: day === undefined,
      ticker,
      asOf,
      decision,
    });
  } finally {
    await pool.close();
  }
}

function membersOf(name: string): readonly string[] {
  const kind = kindNamed(name);
  return 'members' in kind ? kind.members : [];
}
