import type { CorporateEvent, PriceSeries, SessionDate } from '../../domain/bar.ts';
import type { Random } from '../random.ts';

/** One ticker's bars as traded and its corporate events, from which everything else follows. */
export interface PriceHistory {
  readonly series: PriceSeries;
  readonly events: readonly CorporateEvent[];
}

/** The bars for whose index `keep` holds. */
export function keepBars(series: PriceSeries, keep: (bar: number) => boolean): PriceSeries {
  const column = (values: Float64Array) => values.filter((_, bar) => keep(bar));
  return {
    ticker: series.ticker,
    sector: series.sector,
    dates: series.dates.filter((_, bar) => keep(bar)),
    open: column(series.open),
    high: column(series.high),
    low: column(series.low),
    close: column(series.close),
    volume: column(series.volume),
  };
}

/** What was known of a history at the close of the session `last`. */
export function historyUpTo({ series, events }: PriceHistory, last: SessionDate): PriceHistory {
  return {
    series: keepBars(series, (bar) => series.dates[bar]! <= last),
    events: events.filter(({ date }) => date <= last),
  };
}

/** A split that is no power of two, since dividing by 2 leaves every digit of a price as it is. */
const SPLIT = 3;
const DIVIDEND_YIELD = 0.1;
const SESSIONS_TO_DIVIDEND = 3;

/**
 * Another future: the history with every bar after the session `last` at prices between half and double, each bar by a
 * factor of its own, and with other volumes; of the events after it none stays, but the next bar brings a 3-for-1 split
 * and one a few sessions on a dividend of a tenth of the price. Up to `last` nothing changes, nor does any date.
 */
export function withOtherFuture({ series, events }: PriceHistory, last: SessionDate, random: Random): PriceHistory {
  const { ticker, dates } = series;
  const first = dates.findIndex((date) => date > last);
  if (first < 0) return historyUpTo({ series, events }, last);
  const priceFactors = dates.map((_, bar) => (bar < first ? 1 : 2 ** (2 * random.next() - 1)));
  const rescaled = (prices: Float64Array) => prices.map((price, bar) => price * priceFactors[bar]!);
  const close = rescaled(series.close);
  const payingBar = Math.min(first + SESSIONS_TO_DIVIDEND, dates.length - 1);
  const dividend = close[payingBar]! * DIVIDEND_YIELD;
  return {
    series: {
      ...series,
      open: rescaled(series.open),
      high: rescaled(series.high),
      low: rescaled(series.low),
      close,
      volume: series.volume.map((volume, bar) =>
        bar < first ? volume : 1 + Math.round(volume * 2 ** (2 * random.next() - 1)),
      ),
    },
    events: [
      ...events.filter(({ date }) => date <= last),
      { ticker, date: dates[first]!, kind: 'split', value: SPLIT },
      { ticker, date: dates[payingBar]!, kind: 'dividend', value: dividend },
    ],
  };
}
