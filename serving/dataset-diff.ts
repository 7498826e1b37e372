import type { CorporateEvent, PriceSeries, SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { DatasetEntry } from '../stores/lineage/lineage-store.ts';
import { datasetNamed } from './datasets.ts';
import type { History } from './histories.ts';
import { datasetManifestKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { readSnapshot } from './snapshots.ts';

const COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;

/** A value that differs; `relative` is the change over the old value, null where that is 0. */
export interface ValueChange {
  readonly column: (typeof COLUMNS)[number];
  readonly from: number;
  readonly to: number;
  readonly relative: number | null;
}

/** A session that both datasets have, with other values. */
export interface SessionChange {
  readonly date: SessionDate;
  readonly values: readonly ValueChange[];
}

/** An event that was added (`from` null), removed (`to` null) or changed. */
export interface EventChange {
  readonly date: SessionDate;
  readonly kind: CorporateEvent['kind'];
  readonly from: number | null;
  readonly to: number | null;
}

/** Some of many: how many there are, and the first of them in order. */
export interface Some<T> {
  readonly n: number;
  readonly first: readonly T[];
}

/** What changed from one dataset to another, as the API and the CLI give it. */
export interface DatasetDiffAnswer {
  readonly ticker: string;
  readonly from: string;
  readonly to: string;
  readonly identical: boolean;
  readonly sessions: {
    readonly unchanged: number;
    readonly added: Some<SessionDate>;
    readonly removed: Some<SessionDate>;
    readonly changed: Some<SessionChange>;
  };
  readonly events: Some<EventChange>;
  readonly sector: { readonly from: string; readonly to: string } | null;
}

/** How many of each are shown unless more are asked for, and at most. */
export const SHOWN_CHANGES = 100;
export const MOST_SHOWN_CHANGES = 10_000;

/**
 * Compares two datasets of one ticker, named by their ids or the beginnings of these: sessions that the second has more
 * or less than the first, and every value that differs, as traded.
 * @throws StockcastError DATASET_UNKNOWN, REQUEST_INVALID when an id is ambiguous or they are of different tickers,
 *   DATASET_GONE, OBJECT_DAMAGED
 */
export async function diffDatasets(
  services: Services,
  context: Context,
  [first, second]: readonly [from: string, to: string],
  limit: number = SHOWN_CHANGES,
): Promise<DatasetDiffAnswer> {
  const [from, to] = [await datasetNamed(services, context, first), await datasetNamed(services, context, second)];
  if (from.ticker !== to.ticker) {
    const problem = `the datasets are of ${from.ticker} and of ${to.ticker}: compare two of the same ticker`;
    throw new StockcastError('REQUEST_INVALID', { field: `"${first}" and "${second}"`, problem });
  }
  const [before, after] = [await read(services, context, from), await read(services, context, to)];
  const some = <T>(all: readonly T[]): Some<T> => ({ n: all.length, first: all.slice(0, limit) });
  const [old, now] = [indexOf(before.series), indexOf(after.series)];
  const shared = before.series.dates.filter((date) => now.has(date));
  const changed = shared.flatMap((date) => {
    const values = changesOf(before.series, old.get(date)!, after.series, now.get(date)!);
    return values.length === 0 ? [] : [{ date, values }];
  });
  return {
    ticker: from.ticker,
    from: from.id,
    to: to.id,
    identical: from.id === to.id,
    sessions: {
      unchanged: shared.length - changed.length,
      added: some(after.series.dates.filter((date) => !old.has(date))),
      removed: some(before.series.dates.filter((date) => !now.has(date))),
      changed: some(changed),
    },
    events: some(eventChanges(before, after)),
    sector:
      before.series.sector === after.series.sector ? null : { from: before.series.sector, to: after.series.sector },
  };
}

async function read(services: Services, context: Context, { id, ticker, takenAt }: DatasetEntry): Promise<History> {
  try {
    return await readSnapshot(services, context, datasetManifestKey(ticker, id));
  } catch (error) {
    if (!(error instanceof StockcastError) || error.code !== 'OBJECT_MISSING') throw error;
    throw new StockcastError('DATASET_GONE', { id, ticker, takenAt }, { cause: error });
  }
}

function indexOf({ dates }: PriceSeries): Map<SessionDate, number> {
  return new Map(dates.map((date, i) => [date, i]));
}

function changesOf(before: PriceSeries, i: number, after: PriceSeries, j: number): ValueChange[] {
  return COLUMNS.flatMap((column) => {
    const [from, to] = [before[column][i]!, after[column][j]!];
    return from === to ? [] : [{ column, from, to, relative: from === 0 ? null : to / from - 1 }];
  });
}

function eventChanges(before: History, after: History): EventChange[] {
  const valuesOf = ({ events }: History) =>
    new Map(events.map((event) => [`${event.date} ${event.kind}`, event.value]));
  const [old, now] = [valuesOf(before), valuesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key) => {
    const [from = null, to = null] = [old.get(key), now.get(key)];
    const [date, kind] = key.split(' ') as [SessionDate, CorporateEvent['kind']];
    return from === to ? [] : [{ date, kind, from, to }];
  });
}
