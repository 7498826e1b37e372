import { expect, test, vi } from 'vitest';
import type { HitNews } from './replica-messages.ts';
import { Hits } from './hits.ts';

const MINUTE = 60_000;

/** Two processes that hear each other, at a time of the test's own. */
function two() {
  const time = { now: 10 * MINUTE + 1 };
  const news: HitNews[] = [];
  const second: Hits = new Hits(
    (said) => first.hear(said),
    () => time.now,
  );
  const first: Hits = new Hits(
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
  for (let i = 0; i < 5; i++) first.count('a');
  expect(second.count('a').n).toBe(1);
  await vi.waitFor(() => expect(news).toHaveLength(1));
  expect(news).toEqual([{ window: 10, hits: [['a', 5]] }]);
  await vi.waitFor(() => expect(first.count('a').n).toBeGreaterThan(6));
  expect(second.count('a').n).toBeGreaterThanOrEqual(7);
  expect(second.count('b').n).toBe(1);
});

test('a process that is alone begins its minutes when it starts', () => {
  const time = { now: 10 * MINUTE + 59_000 };
  const hits = new Hits(undefined, () => time.now);
  expect(hits.count('a')).toEqual({ n: 1, resetSeconds: 60 });
  time.now += 59_500;
  expect(hits.count('a')).toEqual({ n: 2, resetSeconds: 1 });
  time.now += 500;
  expect(hits.count('a')).toEqual({ n: 1, resetSeconds: 60 });
});

test('begins anew with each minute, and says when that is', () => {
  const { time, first } = two();
  expect(first.count('a')).toEqual({ n: 1, resetSeconds: 60 });
  time.now = 11 * MINUTE - 1;
  expect(first.count('a')).toEqual({ n: 2, resetSeconds: 1 });
  time.now = 11 * MINUTE;
  expect(first.count('a')).toEqual({ n: 1, resetSeconds: 60 });
  first.hear({ window: 10, hits: [['a', 100]] });
  expect(first.count('a').n).toBe(2);
});
