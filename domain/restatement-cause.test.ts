import { describe, expect, it } from 'vitest';
import { sampleBars } from '../tests/sample-series.ts';
import type { Bar } from './bar.ts';
import type { ChangedSession } from './restatement.ts';
import { describeRestatement } from './restatement-cause.ts';

const BARS = sampleBars('IBM').filter(({ date }) => date >= '2012-01-03' && date <= '2012-12-31');
const cents = (value: number) => Math.round(value * 100) / 100;

/** Prices times a factor, rounded to cents, volume over the shares. */
function scaled({ date, open, high, low, close, volume }: Bar, factor: number): ChangedSession {
  const before = { open, high, low, close, volume };
  const after = { open: cents(open * factor), high: cents(high * factor), low: cents(low * factor) };
  return { date, before, after: { ...after, close: cents(close * factor), volume } };
}
const upTo = (date: string) => BARS.filter((bar) => bar.date <= date);
const described = (changes: readonly ChangedSession[]) => describeRestatement('IBM', changes, []);

describe('a restatement', () => {
  it.each([
    [2, 2],
    [3, 3],
    [20, 20],
    [1.5, 1.5],
    [1 / 10, 0.1],
  ])('that divides all closes up to a day by %d looks like a split on the next session', (ratio, value) => {
    const found = described(upTo('2012-06-08').map((bar) => scaled(bar, 1 / ratio)));
    expect(found).toMatchObject({ cause: 'split', corrections: 0, events: [], sessions: 110 });
    expect(found.adjustments).toEqual([
      { exDate: '2012-06-11', kind: 'split', value, factor: expect.closeTo(1 / ratio, 3) },
    ]);
    expect(found.runs).toEqual([{ from: '2012-01-03', to: '2012-06-08', sessions: 110 }]);
  });

  it('by a small constant factor looks like a dividend, with its amount', () => {
    const changes = upTo('2012-08-07').map((bar) => scaled(bar, 1 - 0.85 / 199));
    const { cause, adjustments, maxChange, medianChange, corrections } = described(changes);
    expect([cause, corrections]).toEqual(['dividend', 0]);
    expect(adjustments).toMatchObject([{ exDate: '2012-08-08', kind: 'dividend' }]);
    expect(adjustments[0]!.value).toBeCloseTo((changes.at(-1)!.before.close * 0.85) / 199, 1);
    expect(maxChange).toBeCloseTo(0.85 / 199, 3);
    expect(medianChange).toBeCloseTo(0.85 / 199, 3);
  });

  it('whose factor steps up along the way looks like several adjustments', () => {
    const changes = [
      ...upTo('2012-03-30').map((bar) => scaled(bar, 0.5 * 0.99)),
      ...upTo('2012-09-28')
        .filter(({ date }) => date > '2012-03-30')
        .map((bar) => scaled(bar, 0.5)),
    ];
    const { cause, adjustments } = described(changes);
    expect(cause).toBe('adjustments');
    expect(adjustments).toMatchObject([
      { exDate: '2012-04-02', kind: 'dividend' },
      { exDate: '2012-10-01', kind: 'split', value: 2 },
    ]);
  });

  it('of a few values looks like corrections, in runs of sessions that follow each other', () => {
    // Good Friday and the weekend lie between the fifth and the ninth of April.
    const days = ['2012-02-14', '2012-04-05', '2012-04-09', '2012-05-01'];
    const changes = BARS.filter(({ date }) => days.includes(date)).map((bar, i) => scaled(bar, 1 + 0.01 * (i + 1)));
    const found = described(changes);
    expect(found).toMatchObject({ cause: 'corrections', adjustments: [], corrections: 4, columns: expect.any(Array) });
    expect(found.maxChange).toBeCloseTo(0.04, 4);
    expect(found.medianChange).toBeCloseTo(0.025, 4);
    expect(found.runs).toEqual([
      { from: '2012-02-14', to: '2012-02-14', sessions: 1 },
      { from: '2012-04-05', to: '2012-04-09', sessions: 2 },
      { from: '2012-05-01', to: '2012-05-01', sessions: 1 },
    ]);
  });

  it('that corrects some sessions of what it adjusts says both', () => {
    const changes = upTo('2012-06-08').map((bar, i) => scaled(bar, i === 7 || i === 40 ? 0.53 : 0.5));
    expect(described(changes)).toMatchObject({ cause: 'split', corrections: 2, adjustments: [{ value: 2 }] });
  });

  it('by a cent here and there is no adjustment, however many sessions it takes', () => {
    const changes = upTo('2012-06-08').map((bar) => {
      const change = scaled(bar, 1);
      return { ...change, after: { ...change.after, close: change.before.close + 0.01 } };
    });
    expect(described(changes)).toMatchObject({ cause: 'corrections', adjustments: [], corrections: 110 });
    expect(described(changes).columns).toContain('close');
  });

  it('of volumes or events alone says so', () => {
    const [bar] = BARS as [Bar];
    const change = scaled(bar, 1);
    const volume = { ...change, after: { ...change.before, volume: 1 } };
    expect(described([volume])).toMatchObject({ columns: ['volume'], maxChange: 0, cause: 'corrections' });
    const events = [{ date: '2012-05-08', kind: 'dividend', before: 0.75, after: 0.85 }] as const;
    expect(describeRestatement('IBM', [], events)).toMatchObject({ cause: 'events', sessions: 0, runs: [], events });
  });
});
