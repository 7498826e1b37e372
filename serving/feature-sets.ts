import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { FEATURE_NAMES, FEATURE_SET, type FeatureMatrix } from '../models/features/feature-matrix.ts';
import { readParquet, writeParquet } from '../stores/tables/parquet.ts';
import { adjusted } from './histories.ts';
import { unlessLost } from './lost-objects.ts';
import { featuresKey } from './object-keys.ts';
import { renew } from './renewal.ts';
import type { Services } from './services.ts';
import { readManifest, readSnapshot } from './snapshots.ts';

const ADJUSTED_CLOSE = 'adjusted_close';

/**
 * Computes the features of a snapshot, the same ones that online prediction computes, and stores them as Parquet, unless
 * they lie there whole.
 */
export async function materialiseFeatures(
  services: Services,
  context: Context,
  datasetKey: string,
): Promise<{ key: string; featureSet: string; rows: number }> {
  const { id, ticker, rows } = await readManifest(services, context, datasetKey);
  const key = featuresKey(ticker, id, FEATURE_SET, services.codeVersion);
  if ((await unlessLost(readFeatures(services, context, ticker, key))) === undefined) {
    const features = buildFeatures(adjusted(await readSnapshot(services, context, datasetKey)));
    await services.objects.put(context, key, await featuresToParquet(features));
  } else {
    await renew(services, context, key);
  }
  return { key, featureSet: FEATURE_SET, rows };
}

/**
 * Reads a materialised feature matrix.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function readFeatures(
  services: Services,
  context: Context,
  ticker: string,
  key: string,
): Promise<FeatureMatrix> {
  const read = await readParquet(await services.objects.get(context, key), key);
  const columns = new Map(read.map(({ name, values }) => [name, values]));
  const column = (name: string) => {
    const values = columns.get(name);
    if (values === undefined) throw new StockcastError('OBJECT_DAMAGED', { key, problem: `no column "${name}"` });
    return values;
  };
  const dates = Array.from(column('date') as ArrayLike<string>);
  const nColumns = FEATURE_NAMES.length;
  const values = new Float64Array(dates.length * nColumns);
  FEATURE_NAMES.forEach((name, j) => {
    const cells = column(name) as Float64Array;
    for (let i = 0; i < dates.length; i++) values[i * nColumns + j] = cells[i]!;
  });
  return {
    ticker,
    featureSet: FEATURE_SET,
    names: FEATURE_NAMES,
    dates,
    X: { nRows: dates.length, nColumns, values },
    adjustedClose: column(ADJUSTED_CLOSE) as Float64Array,
  };
}

function featuresToParquet(features: FeatureMatrix): Promise<Uint8Array> {
  const { names, dates, X, adjustedClose } = features;
  return writeParquet([
    { name: 'date', type: 'date', values: dates },
    { name: ADJUSTED_CLOSE, type: 'double', values: adjustedClose },
    ...names.map((name, j) => ({
      name,
      type: 'double' as const,
      values: Float64Array.from({ length: X.nRows }, (_, i) => X.values[i * X.nColumns + j]!),
    })),
  ]);
}
