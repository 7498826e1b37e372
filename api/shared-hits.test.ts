import { expect, test, vi } from 'vitest';
import type { HitNews } from './replica-messages.ts';
import { SharedHits } from './shared-hits.ts';

const MINUTE = 60_000;

/** Two processes that hear each other, at a time of the test's own. */
function two() {
  const time = { now: 10 * MINUTE + 1 };
  const news: HitNews[] = [];
  const second: SharedHits = new SharedHits(
    (said) => first.hear(said),
    () => time.now,
  );
  const first: SharedHits = new SharedHits(
    (said) => {
      news.push(said);
      second.hear(said);
    },
    () => time.now,
  );
  return { time, news, first, second };
}

test('counts what other processes have had, each request once, said together', async () => {
  const { news, first, second } = two();
  for (let i = 0; i < 5; i++) first.increment('a');
  expect(second.increment('a').totalHits).toBe(1);
  await vi.waitFor(() => expect(news).toHaveLength(1));
  expect(news).toEqual([{ window: 10, hits: [['a', 5]] }]);
  await vi.waitFor(() => expect(first.increment('a').totalHits).toBeGreaterThan(6));
  expect(second.increment('a').totalHits).toBeGreaterThanOrEqual(7);
  expect(second.increment('b').totalHits).toBe(1);
});

test('begins anew with each minute, and says when that is', () => {
  const { time, first } = two();
  expect(first.increment('a')).toEqual({ totalHits: 1, resetTime: new Date(11 * MINUTE) });
  time.now = 11 * MINUTE - 1;
  expect(first.increment('a').totalHits).toBe(2);
  time.now = 11 * MINUTE;
  expect(first.increment('a')).toEqual({ totalHits: 1, resetTime: new Date(12 * MINUTE) });
  first.hear({ window: 10, hits: [['a', 100]] });
  expect(first.increment('a').totalHits).toBe(2);
});
