import { expect, test } from 'vitest';
import type { BackfillState } from '../domain/backfill.ts';
import { BackfillTracker } from './backfill-tracker.ts';

const TICKERS = ['A', 'B', 'C'];
const SESSIONS = ['2012-01-03', '2012-02-02', '2012-03-05', '2012-04-03'];
const REASON = { code: 'OBJECT_DAMAGED', message: 'it is damaged' };

/** Ends up to `most` partitions by two lanes that take turns, and returns them in the order in which they were begun. */
function work(on: BackfillTracker, most: number, fails: (name: string) => boolean = () => false): string[] {
  const lanes: (number | undefined)[] = [on.takeTicker(), on.takeTicker()];
  const begun: string[] = [];
  while (begun.length < most && lanes.some((ticker) => ticker !== undefined)) {
    for (const [i, ticker] of lanes.entries()) {
      const place = ticker === undefined ? undefined : on.nextOf(ticker);
      if (place === undefined) lanes[i] = on.takeTicker();
      else if (begun.length < most) {
        const name = `${place.ticker} ${place.asOf}`;
        begun.push(name);
        on.begin(place);
        on.end(place, fails(name) ? 'failed' : 'made', fails(name) ? REASON : undefined);
      }
    }
  }
  return begun;
}

const all = TICKERS.flatMap((ticker) => SESSIONS.map((asOf) => `${ticker} ${asOf}`));
const travelled = (state: BackfillState) => JSON.parse(JSON.stringify(state)) as BackfillState;

test('each partition has its turn once, wherever executions end, and those of a ticker in their order', () => {
  for (let first = 0; first <= all.length; first++) {
    const one = new BackfillTracker(TICKERS, SESSIONS, {});
    const begun = work(one, first);
    const other = new BackfillTracker(TICKERS, SESSIONS, { state: travelled(one.state()) });
    begun.push(...work(other, all.length));
    expect([...begun].sort()).toEqual(all);
    for (const ticker of TICKERS) {
      const own = begun.filter((name) => name.startsWith(ticker));
      expect(own).toEqual([...own].sort());
    }
    expect(other.progress()).toMatchObject({ stage: 'done', total: 12, counts: { made: 12 } });
  }
});

test('what failed is known by its place, counted by code, and alone has its turn when it is retried', () => {
  const planted = ['A 2012-02-02', 'C 2012-04-03'];
  const one = new BackfillTracker(TICKERS, SESSIONS, {});
  work(one, 5, (name) => planted.includes(name));
  const other = new BackfillTracker(TICKERS, SESSIONS, { state: travelled(one.state()) });
  work(other, all.length, (name) => planted.includes(name));
  expect(other.result()).toMatchObject({ counts: { made: 10, failed: 2 }, failuresByCode: { OBJECT_DAMAGED: 2 } });
  expect(other.failed(0).partitions.map(({ ticker, asOf }) => `${ticker} ${asOf}`)).toEqual(planted);
  expect(other.failed(1)).toEqual({ total: 2, partitions: [{ ticker: 'C', asOf: '2012-04-03' }] });

  const retried = new BackfillTracker(TICKERS, SESSIONS, { only: other.failedSet() });
  expect(retried.progress()).toMatchObject({ stage: 'running', total: 2 });
  expect(work(retried, all.length).sort()).toEqual(planted);
  expect(retried.progress()).toMatchObject({ stage: 'done', counts: { made: 2, failed: 0 } });
  expect(retried.failedSet()).toBe('');
});

test('a retry that ends before its time leaves what it did not come to for the next', () => {
  const planted = ['A 2012-02-02', 'B 2012-03-05', 'C 2012-04-03'];
  const first = new BackfillTracker(TICKERS, SESSIONS, {});
  work(first, all.length, (name) => planted.includes(name));
  const only = first.failedSet();
  const retry = new BackfillTracker(TICKERS, SESSIONS, { only });
  expect(work(retry, 1)).toEqual(['A 2012-02-02']);
  const goneOn = new BackfillTracker(TICKERS, SESSIONS, { only, state: travelled(retry.state()) });
  expect(goneOn.failed(0).partitions.map(({ ticker, asOf }) => `${ticker} ${asOf}`)).toEqual(planted.slice(1));
  expect(work(goneOn, 1, () => true)).toEqual(['B 2012-03-05']);
  const next = new BackfillTracker(TICKERS, SESSIONS, { only: goneOn.failedSet() });
  expect(work(next, all.length)).toEqual(['B 2012-03-05', 'C 2012-04-03']);
});

test('what is handed on does not grow with what has failed, but for a sixth of a byte each', () => {
  const tickers = Array.from({ length: 100 }, (_, i) => `T${i}`);
  const sessions = Array.from({ length: 100 }, (_, i) => `S${String(i).padStart(3, '0')}`);
  const on = new BackfillTracker(tickers, sessions, {});
  work(on, 10_000, (name) => /[0369]$/.test(name));
  const { failed, ...rest } = on.state();
  expect(on.result().counts.failed).toBeGreaterThan(3000);
  expect(failed.length).toBeLessThanOrEqual(Math.ceil(10_000 / 6));
  expect(JSON.stringify(rest).length).toBeLessThan(5000);
});

test('a pause is no part of the rate, and while it lasts nobody knows how long it takes', () => {
  const on = new BackfillTracker(TICKERS, SESSIONS, {});
  on.pause();
  expect(on.progress()).toMatchObject({ stage: 'paused', secondsLeft: null });
  expect(new BackfillTracker(TICKERS, SESSIONS, { state: travelled(on.state()) }).paused).toBe(true);
  work(on, 3);
  on.resume();
  expect(on.progress()).toMatchObject({ stage: 'running', perMinute: null, secondsLeft: null });
  const state = { ...travelled(on.state()), ends: [0, 30_000, 60_000] };
  const timed = new BackfillTracker(TICKERS, SESSIONS, { state });
  expect(timed.progress()).toMatchObject({ perMinute: 2, secondsLeft: 270 });
});
