import type { Instant, SessionDate } from '../domain/bar.ts';
import { closeOf, newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';
import { materialiseFeatures, readFeatures } from './feature-sets.ts';
import type { Services } from './services.ts';
import { snapshotTicker } from './snapshots.ts';

/** Whose features are asked for, as they could be known at which moment. */
export interface FeatureRequest {
  readonly ticker: string;
  readonly at: Instant;
}

/** The features of one session of one ticker. */
export interface FeatureRow {
  readonly ticker: string;
  readonly session: SessionDate;
  readonly featureSet: string;
  readonly names: readonly string[];
  /** In the order of the names. */
  readonly values: Float64Array;
  /** Identity of the dataset that they were computed from. */
  readonly datasetId: string;
}

interface Materialised {
  readonly features: FeatureMatrix;
  readonly datasetId: string;
}

/**
 * For every request the newest row of features that could be known at its moment, read from what is materialised (and
 * materialising what is not yet): a session counts as known from its close, a restated bar or event from when it was
 * learnt. Undefined where no session with features had closed. One matrix serves all moments between two restatements of
 * a ticker, since its rows look at nothing later.
 * @returns rows in the order of the requests
 * @throws StockcastError TICKER_UNKNOWN, TOO_FEW_SESSIONS for a ticker with fewer than are kept
 */
export async function pointInTime(
  services: Services,
  context: Context,
  requests: readonly FeatureRequest[],
): Promise<(FeatureRow | undefined)[]> {
  const rows: (FeatureRow | undefined)[] = requests.map(() => undefined);
  for (const ticker of new Set(requests.map((request) => request.ticker))) {
    const restatedAt = await services.bars.restatedAt(context, ticker);
    const matrices = new Map<Instant, Materialised>();
    for (const [i, request] of requests.entries()) {
      if (request.ticker !== ticker) continue;
      const knownAt = restatedAt.findLast((instant) => instant <= request.at) ?? NEVER;
      const known = matrices.get(knownAt) ?? (await materialisedOf(services, context, ticker, knownAt));
      matrices.set(knownAt, known);
      rows[i] = newestRow(known, new Date(request.at));
    }
  }
  return rows;
}

const NEVER: Instant = new Date(0).toISOString();

async function materialisedOf(
  services: Services,
  context: Context,
  ticker: string,
  knownAt: Instant,
): Promise<Materialised> {
  const vantage = { asOf: newYorkDate(context.clock.now()), knownAt };
  const { key, manifest } = await snapshotTicker(services, context, ticker, vantage);
  const materialised = await materialiseFeatures(services, context, key);
  return { features: await readFeatures(services, context, ticker, materialised.key), datasetId: manifest.id };
}

function newestRow({ features, datasetId }: Materialised, at: Date): FeatureRow | undefined {
  const { ticker, featureSet, names, dates } = features;
  let [from, to] = [0, dates.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (closeOf(dates[middle]!) <= at) from = middle + 1;
    else to = middle;
  }
  const row = from - 1;
  if (row < 0) return undefined;
  return { ticker, session: dates[row]!, featureSet, names, values: valuesOf(features, row), datasetId };
}

/** One row's values, copied. */
export function valuesOf({ X: { nColumns, values } }: FeatureMatrix, row: number): Float64Array {
  return values.slice(row * nColumns, (row + 1) * nColumns);
}
