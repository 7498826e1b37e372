import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { WARM_UP } from '../models/features/feature-matrix.ts';
import { newestFeatures } from './feature-store.ts';
import { knownTickers } from './histories.ts';
import { type FeatureRow, pointInTime, valuesOf } from './point-in-time.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** A row of features, as people and programs are given it. */
export interface FeatureAnswer {
  readonly ticker: string;
  /** The session that the row speaks of, whose close is the last thing it looks at. */
  readonly session: SessionDate;
  readonly feature_set: string;
  readonly dataset: string;
  /** `online`: what forecasts of now are made from. `materialised`: what training reads. */
  readonly source: 'online' | 'materialised';
  readonly features: Readonly<Record<string, number>>;
}

/**
 * The newest row of a ticker's features, from what online forecasts are made from; with `asOf` the newest that could be
 * known at the end of that day in New York, from what is materialised.
 * @throws StockcastError TICKER_UNKNOWN, DATE_INVALID, FEATURES_MISSING when there was no such row yet
 * @throws StockcastError TOO_FEW_SESSIONS of a ticker with fewer sessions than are kept, when asked for a day
 */
export async function featureAnswer(
  services: Services,
  context: Context,
  ticker: string,
  asOf?: SessionDate,
): Promise<FeatureAnswer> {
  const row =
    asOf === undefined ? await online(services, context, ticker) : await past(services, context, ticker, asOf);
  if (row === undefined) {
    throw new StockcastError('FEATURES_MISSING', { ticker, when: asOf ?? 'now', needed: WARM_UP + 1 });
  }
  return {
    ticker,
    session: row.session,
    feature_set: row.featureSet,
    dataset: row.datasetId,
    source: asOf === undefined ? 'online' : 'materialised',
    features: Object.fromEntries(row.names.map((name, j) => [name, row.values[j]!])),
  };
}

async function online(services: Services, context: Context, ticker: string): Promise<FeatureRow | undefined> {
  const { features, datasetId } = await newestFeatures(services, context, ticker);
  const { featureSet, names, dates } = features;
  const row = dates.length - 1;
  if (row < 0) return undefined;
  return { ticker, session: dates[row]!, featureSet, names, values: valuesOf(features, row), datasetId };
}

async function past(services: Services, context: Context, ticker: string, asOf: SessionDate) {
  const { knownAt } = vantageOf(context, asOf);
  await knownTickers(services, context, [ticker]);
  const [row] = await pointInTime(services, context, [{ ticker, at: knownAt }]);
  return row;
}
