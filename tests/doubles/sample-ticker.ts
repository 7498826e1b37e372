import { readFileSync } from 'node:fs';
import type { CorporateEvent } from '../../domain/bar.ts';
import type { FetchedBar } from '../../market/sources/price-source.ts';

const SAMPLE = new URL('../../data/sample/', import.meta.url);

/** A ticker's bundled sessions as a provider's double takes them, with its events. */
export function sampleTicker(ticker: string): { readonly bars: FetchedBar[]; readonly events: CorporateEvent[] } {
  const rowsOf = (file: string) =>
    readFileSync(new URL(file, SAMPLE), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split(','))
      .filter(([name]) => name === ticker);
  const bars = rowsOf('prices.csv').map(([, , date, close, open, low, high, volume]) => ({
    date: date!,
    open: Number(open),
    high: Number(high),
    low: Number(low),
    close: Number(close),
    volume: Number(volume),
  }));
  const events = rowsOf('events.csv').map(
    ([, date, kind, value]): CorporateEvent => ({
      ticker,
      date: date!,
      kind: kind === 'split' ? 'split' : 'dividend',
      value: Number(value),
    }),
  );
  return { bars, events };
}
