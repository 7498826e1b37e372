import type { Bar, CorporateEvent, Instant, PriceSeries, SessionDate } from './bar.ts';
import { sha256Hex } from './identity.ts';

/** The record of an immutable snapshot of one ticker's history as it was known from a vantage. */
export interface DatasetManifest {
  /** The dataset identity: SHA-256 of the canonical rows. */
  readonly id: string;
  readonly ticker: string;
  readonly sector: string;
  /** The date as of which the snapshot was first taken. */
  readonly asOf: SessionDate;
  readonly rows: number;
  readonly events: number;
  readonly firstSession: SessionDate;
  readonly lastSession: SessionDate;
  /** Up to when restatements count in it; absent in older ones. */
  readonly knownAt?: Instant;
  /** When the snapshot was taken. */
  readonly fetchedAt: Instant;
  /** Object key of the Parquet file with the bars. */
  readonly barsKey: string;
  /** The corporate events in the snapshot, which prices are adjusted by. */
  readonly adjustments: readonly CorporateEvent[];
  /** Oddities of ordinary data, in words: missing sessions, zero volume, flat prices, suspected splits. */
  readonly notices: readonly string[];
  /** The uploads that the bars came from, newest first. */
  readonly sources: readonly DatasetSource[];
}

/** Where rows of a dataset came from, with what was turned away there. */
export interface DatasetSource {
  readonly source: string;
  readonly fetchedAt: Instant;
  readonly acceptedRows: number;
  readonly rejectedRows: number;
}

/**
 * The dataset identity: SHA-256 over the bars and events of one ticker, one line each, ascending by date, numbers in
 * their shortest exact notation, without the time they were learnt. The storage format plays no part in it.
 */
export function datasetIdentity(series: PriceSeries, events: readonly CorporateEvent[]): string {
  const lines: string[] = [`${series.ticker},${series.sector}`];
  for (let i = 0; i < series.dates.length; i++) {
    lines.push(
      `${series.dates[i]},${series.open[i]},${series.high[i]},${series.low[i]},${series.close[i]},${series.volume[i]}`,
    );
  }
  const sorted = [...events].sort((a, b) =>
    a.date === b.date ? (a.kind < b.kind ? -1 : 1) : a.date < b.date ? -1 : 1,
  );
  for (const event of sorted) lines.push(`${event.date},${event.kind},${event.value}`);
  return sha256Hex(lines.join('\n'));
}

/** The row-wise view of a series. */
export function barsOf(series: PriceSeries): Bar[] {
  return series.dates.map((date, i) => ({
    ticker: series.ticker,
    sector: series.sector,
    date,
    open: series.open[i]!,
    high: series.high[i]!,
    low: series.low[i]!,
    close: series.close[i]!,
    volume: series.volume[i]!,
  }));
}

/** The columns of bars that belong to one ticker and ascend by date. The sector is the newest bar's. */
export function seriesOf(bars: readonly Bar[]): PriceSeries {
  const column = (pick: (bar: Bar) => number) => Float64Array.from(bars, pick);
  return {
    ticker: bars[0]?.ticker ?? '',
    sector: bars.at(-1)?.sector ?? '',
    dates: bars.map((bar) => bar.date),
    open: column((bar) => bar.open),
    high: column((bar) => bar.high),
    low: column((bar) => bar.low),
    close: column((bar) => bar.close),
    volume: column((bar) => bar.volume),
  };
}
