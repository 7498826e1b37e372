/** A trading day of the exchange as `YYYY-MM-DD`, in New York. */
export type SessionDate = string;

/** An instant as ISO 8601 in UTC, for example `2013-03-01T21:00:00.000Z`. */
export type Instant = string;

/** One session of one ticker, as traded: prices in USD, volume in shares. */
export interface Bar {
  readonly ticker: string;
  readonly sector: string;
  readonly date: SessionDate;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** A corporate action on its ex-date: a split's value is new shares per old one, a dividend's USD per share. */
export interface CorporateEvent {
  readonly ticker: string;
  readonly date: SessionDate;
  readonly kind: 'split' | 'dividend';
  readonly value: number;
}

/**
 * From where one looks at the data. Sees sessions and ex-dates up to `asOf`, and restatements learnt by `knownAt`;
 * the first version of a bar counts as known from its session's close, of an event from its ex-date.
 */
export interface Vantage {
  readonly asOf: SessionDate;
  readonly knownAt: Instant;
}

/** The bars of one ticker as traded, in columns, strictly ascending by `dates`; all columns have the same length. */
export interface PriceSeries {
  readonly ticker: string;
  readonly sector: string;
  readonly dates: readonly SessionDate[];
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/**
 * A price series with corporate events taken into account by accumulating forward from its first session, so that a
 * later event changes nothing before its ex-date. `close` stays as traded.
 */
export interface AdjustedSeries extends PriceSeries {
  /** Total-return price: the first close, grown by (close x split + dividend) / previous close each session. */
  readonly adjustedClose: Float64Array;
  /** Volume in shares of the first session. */
  readonly adjustedVolume: Float64Array;
}
