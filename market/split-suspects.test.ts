import { describe, expect, it } from 'vitest';
import type { Bar, PriceSeries, SessionDate } from '../domain/bar.ts';
import { sessionAt } from '../domain/calendar.ts';
import { seriesOf } from '../domain/dataset.ts';
import { randomWalk as walk } from '../tests/random-walk.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents } from '../tests/sample-series.ts';
import { adjust } from './adjustment.ts';
import { asSplitEvents, inWords, suspectedSplits } from './split-suspects.ts';

const sample = Object.fromEntries(SAMPLE_TICKERS.map((ticker) => [ticker, seriesOf(sampleBars(ticker))]));
const alone = async () => undefined;

/** The median of what the others opened at over their closes before. */
function marketOf(others: readonly PriceSeries[]): (date: SessionDate) => Promise<number | undefined> {
  return async (date) => {
    const gaps = others.flatMap(({ dates, open, close }) => {
      const t = dates.indexOf(date);
      return t > 0 ? [open[t]! / close[t - 1]! - 1] : [];
    });
    return gaps.sort((a, b) => a - b)[gaps.length >> 1];
  };
}

const othersThan = (ticker: string) =>
  marketOf(SAMPLE_TICKERS.filter((name) => name !== ticker).map((name) => sample[name]!));

describe('the bundled prices without their events', () => {
  it('have exactly three suspected splits, and the crash of AAPL on 2000-09-29 is none', async () => {
    const found = await Promise.all(
      SAMPLE_TICKERS.map((ticker) => suspectedSplits(sample[ticker]!, [], othersThan(ticker))),
    );
    expect(found.flat().map(({ ticker, date, ratio }) => [ticker, date, ratio])).toEqual([
      ['AAPL', '2000-06-21', 2],
      ['AAPL', '2005-02-28', 2],
      ['MSFT', '2003-02-18', 2],
    ]);
  });

  it('have the same three when each ticker is looked at alone', async () => {
    const found = await Promise.all(SAMPLE_TICKERS.map((ticker) => suspectedSplits(sample[ticker]!, [], alone)));
    expect(found.flat().map(({ date }) => date)).toEqual(['2000-06-21', '2005-02-28', '2003-02-18']);
  });

  it('have none once the events are known', async () => {
    for (const ticker of SAMPLE_TICKERS) {
      expect(await suspectedSplits(sample[ticker]!, sampleEvents(ticker), othersThan(ticker))).toEqual([]);
    }
  });

  it('say what was seen', async () => {
    const [suspect] = await suspectedSplits(sample.MSFT!, [], alone);
    expect(suspect).toMatchObject({ closeBefore: 48.3, openAfter: 24.62 });
    expect(suspect!.reason).toBe('opens at 24.62 after a close of 48.3, near 2:1, with ordinary volume and range');
  });

  it('become the true splits when the suspects are taken for splits', async () => {
    const suspects = await suspectedSplits(sample.AAPL!, [], othersThan('AAPL'));
    expect(asSplitEvents(suspects)).toEqual(sampleEvents('AAPL').filter(({ kind }) => kind === 'split'));
  });
});

describe('random walks with fat tails', () => {
  it('give hardly any false alarm: at most one in 100,000 sessions', async () => {
    const walks = Array.from({ length: 200 }, (_, seed) => walk({ seed }));
    const alarms = await Promise.all(walks.map((series) => suspectedSplits(series, [], alone)));
    expect(alarms.flat().length).toBeLessThanOrEqual(3);
  });

  it('give none when the whole market falls by half overnight', async () => {
    const shocks = new Map([[700, -Math.LN2]]);
    // Volume is kept ordinary, so that only the others' fall can tell.
    const walks = Array.from({ length: 9 }, (_, seed) => {
      const series = walk({ seed, shocks });
      return { ...series, volume: new Float64Array(series.dates.length).fill(1e6) };
    });
    const alarms = await Promise.all(
      walks.map((series) => suspectedSplits(series, [], marketOf(walks.filter((other) => other !== series)))),
    );
    expect(alarms.flat()).toEqual([]);
    const unaware = await Promise.all(walks.map((series) => suspectedSplits(series, [], alone)));
    expect(unaware.flat().length).toBeGreaterThan(5);
  });

  it.each([1.5, 2, 3, 4, 5, 7, 10, 20, 1 / 2, 1 / 5, 1 / 10])(
    'show a planted split of %d new shares per old one',
    async (ratio) => {
      const splits = new Map([[500, ratio]]);
      const counts = { found: 0, other: 0 };
      for (let seed = 1000; seed < 1020; seed++) {
        const series = walk({ seed, scale: 0.01, splits });
        const suspects = await suspectedSplits(series, [], alone);
        for (const suspect of suspects)
          counts[suspect.date === sessionAt(500) && suspect.ratio === ratio ? 'found' : 'other']++;
        if (suspects.length !== 1) continue;
        const adjusted = adjust(series, asSplitEvents(suspects)).adjustedClose;
        expect(Math.abs(Math.log(adjusted[500]! / adjusted[499]!))).toBeLessThan(0.2);
      }
      expect(counts.found).toBeGreaterThanOrEqual(18);
      expect(counts.other).toBe(0);
    },
  );

  it('show a planted split that the others do not share, and not once it is known, even on a day without a bar', async () => {
    const series = walk({ seed: 7, splits: new Map([[500, 3]]) });
    const market = marketOf([walk({ seed: 8 }), walk({ seed: 9 })]);
    const [suspect] = await suspectedSplits(series, [], market);
    expect(suspect).toMatchObject({ date: sessionAt(500), ratio: 3 });
    const known = { ticker: 'W7', date: sessionAt(500), kind: 'split', value: 3 } as const;
    expect(await suspectedSplits(series, [known], market)).toEqual([]);
    const withoutThatBar = seriesOf(barsWithout(series, 500));
    expect(await suspectedSplits(withoutThatBar, [known], market)).toEqual([]);
    expect(await suspectedSplits(withoutThatBar, [{ ...known, kind: 'dividend' }], market)).toHaveLength(1);
  });
});

function barsWithout(series: PriceSeries, index: number): Bar[] {
  const { ticker, sector, dates, open, high, low, close, volume } = series;
  const bars = dates.map((date, t) => ({
    ticker,
    sector,
    date,
    open: open[t]!,
    high: high[t]!,
    low: low[t]!,
    close: close[t]!,
    volume: volume[t]!,
  }));
  return bars.filter((_, t) => t !== index);
}

describe('a history that trades nothing or hardly moves', () => {
  const flat = (price: (t: number) => number, volume: number) =>
    seriesOf(
      Array.from({ length: 60 }, (_, t) => {
        const close = price(t);
        return { ticker: 'X', sector: 'S', date: sessionAt(t), open: close, high: close, low: close, close, volume };
      }),
    );

  it('is looked at all the same', async () => {
    expect(
      await suspectedSplits(
        flat(() => 10, 0),
        [],
        alone,
      ),
    ).toEqual([]);
    expect(
      await suspectedSplits(
        flat((t) => (t < 30 ? 10 : 5), 0),
        [],
        alone,
      ),
    ).toMatchObject([{ ratio: 2 }]);
    expect(await suspectedSplits(seriesOf([]), [], alone)).toEqual([]);
  });
});

describe('inWords', () => {
  it.each([
    [2, '2:1'],
    [1.5, '3:2'],
    [1 / 10, '1:10'],
    [1 / 1.5, '2:3'],
    [1 / 3, '1:3'],
    [1 / 7, '1:7'],
  ])('says a ratio of %d as %s', (ratio, words) => {
    expect(inWords(ratio)).toBe(words);
  });
});
