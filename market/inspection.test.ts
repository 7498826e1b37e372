import { describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent, PriceSeries } from '../domain/bar.ts';
import { sessionsBetween } from '../domain/calendar.ts';
import { seriesOf } from '../domain/dataset.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents } from '../tests/sample-series.ts';
import { inspect } from './inspection.ts';

/** Prices that move every session, from 2013-01-02 to 2013-03-01. */
function history(change: (bars: Bar[]) => Bar[] = (bars) => bars): PriceSeries {
  const bars = sessionsBetween('2013-01-02', '2013-03-01').map((date, t) => {
    const close = 100 + t;
    return { ticker: 'X', sector: 'S', date, open: close, high: close, low: close, close, volume: 10 };
  });
  return seriesOf(change(bars));
}

describe('inspect', () => {
  it('has nothing to say about an ordinary history', () => {
    expect(inspect(history(), [])).toEqual([]);
    expect(inspect(seriesOf([]), [])).toEqual([]);
  });

  it('finds no session missing in the bundled prices', () => {
    for (const ticker of SAMPLE_TICKERS) {
      const notices = inspect(seriesOf(sampleBars(ticker)), sampleEvents(ticker));
      expect(notices.filter((notice) => notice.includes('missing'))).toEqual([]);
    }
  });

  it('counts the sessions that are missing inside, names the first, and fills in nothing', () => {
    const series = history((bars) => bars.filter((_, t) => t < 10 || t >= 17));
    expect(inspect(series, [])).toEqual([
      '7 sessions missing inside the history; nothing was filled in: 2013-01-16, 2013-01-17, 2013-01-18, 2013-01-22, 2013-01-23 and 2 more',
    ]);
    expect(series.dates).toHaveLength(history().dates.length - 7);
  });

  it('names sessions without trades', () => {
    const series = history((bars) => bars.map((bar, t) => (t === 3 ? { ...bar, volume: 0 } : bar)));
    expect(inspect(series, [])).toEqual(['1 session without any trade (volume 0): 2013-01-07']);
  });

  it('names runs of a close that does not move, also at the end, but not short ones', () => {
    const flat = (from: number, to: number) => (bars: Bar[]) =>
      bars.map((bar, t) => (t >= from && t < to ? { ...bar, close: 50 } : bar));
    expect(inspect(history(flat(5, 9)), [])).toEqual([]);
    expect(inspect(history(flat(5, 10)), [])).toEqual([
      'the close does not move for 5 sessions or more: 2013-01-09 to 2013-01-15',
    ]);
    expect(inspect(history(flat(35, 99)), [])).toEqual([
      'the close does not move for 5 sessions or more: 2013-02-22 to 2013-03-01',
    ]);
  });

  it('names events on days without a bar', () => {
    const event: CorporateEvent = { ticker: 'X', date: '2013-01-16', kind: 'split', value: 2 };
    const series = history((bars) => bars.filter(({ date }) => date !== '2013-01-16'));
    expect(inspect(series, [event])[1]).toBe('2013-01-16: events on days without a bar; they count from the next bar');
    expect(inspect(history(), [event])).toEqual([]);
  });
});
