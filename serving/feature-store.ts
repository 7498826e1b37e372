import type { SessionDate, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { datasetIdentity } from '../domain/dataset.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';
import type { Cache } from '../stores/cache/cache.ts';
import { CacheAside } from './cache-aside.ts';
import type { ChangeWatch } from './change-watch.ts';
import { adjusted, historyOf } from './histories.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** What online forecasts are made from: the features of a ticker's whole history, its newest bar's last. */
export interface OnlineFeatures {
  readonly features: FeatureMatrix;
  /** The newest session; of fewer bars than the features look back on there are no rows, but a session. */
  readonly session: SessionDate;
  /** Its close, as traded. */
  readonly close: number;
  /** Identity of the dataset that they were computed from. */
  readonly datasetId: string;
}

/** Online features by ticker, held until its prices change. */
export type HotFeatures = CacheAside<OnlineFeatures>;

/**
 * Holds online features in a memory of their own, since they take room: 0.4 MB for thirteen years. They are not shared:
 * to compute them takes less time than to write them down. None is given while it may be outdated.
 */
export function hotFeatures(near: Cache, watch: ChangeWatch): HotFeatures {
  return new CacheAside(
    { near },
    { freshUntil: (readAt) => watch.freshUntil(readAt), staleMs: 0, patienceMs: () => 0 },
  );
}

/**
 * The features that forecasts of now are made from: computed once per change of a ticker's prices where they are held,
 * otherwise for each who asks.
 * @param session the newest session as the caller knows it
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function newestFeatures(
  services: Services,
  context: Context,
  ticker: string,
  session?: SessionDate,
): Promise<OnlineFeatures> {
  const compute = () => featuresSeenFrom(services, context, ticker, vantageOf(context));
  if (services.hotFeatures === undefined) return compute();
  const { value } = await services.hotFeatures.get(context, ticker, 'features', compute);
  // What is held is forgotten a moment after new sessions were taken in.
  return session !== undefined && value.session < session ? compute() : value;
}

/**
 * The features of what can be seen of a ticker from a vantage, by the function that the materialised ones come from.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function featuresSeenFrom(
  services: Services,
  context: Context,
  ticker: string,
  vantage: Vantage,
): Promise<OnlineFeatures> {
  const history = await historyOf(services, context, ticker, vantage);
  const { series, events } = history;
  return {
    features: buildFeatures(adjusted(history)),
    session: series.dates.at(-1)!,
    close: series.close.at(-1)!,
    datasetId: datasetIdentity(series, events),
  };
}
