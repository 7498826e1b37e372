import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSessions } from '../domain/calendar.ts';
import type { Forecast } from '../domain/forecast.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { countUnscored, scoreBatch } from './scoring.ts';
import { trackRecords } from './track-record.ts';
import { vantageOf } from './vantages.ts';

const FIRST = '2013-02-04';
const session = (n: number) => addSessions(FIRST, n);
/** Two hours after the n-th session's close. */
const evening = (n: number) => `${session(n)}T23:00:00.000Z`;

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

/** Uploads closes of sessions, by their number, at the context's time. */
function learn(context: TestContext, closes: Readonly<Record<number, number>>, ticker = 'AAA') {
  const bars = Object.entries(closes).map(([n, close]) => ({
    ...{ ticker, sector: 'T', date: session(Number(n)), open: close, high: close, low: close, close, volume: 100 },
  }));
  const id = `${ticker}-${context.clock.now().toISOString()}`;
  return on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], []);
}

/** Saves a forecast from the n-th session, made in its evening unless said otherwise. */
function foretell(context: TestContext, n: number, logReturn: number, more: Partial<Forecast> = {}) {
  return on.services.forecasts.save(context, {
    ...{ ticker: 'AAA', horizon: 1, modelId: 'm', kind: 'linear', modelVersion: 1 },
    ...{ originSession: session(n), targetSession: session(n + 1), currentPrice: 100, logReturn },
    ...{ intervals: [], confidence: 0.5, directionProbability: 0.5, notes: [], madeAt: evening(n) },
    ...more,
  });
}

const score = (context: TestContext, batch?: number) =>
  scoreBatch(on.services, context, { vantage: vantageOf(context), ...(batch === undefined ? {} : { batch }) });
const scores = (context: TestContext) => on.services.scores.ofTicker(context, 'AAA');

test('scores each forecast once, when the close that it spoke of is known', async () => {
  const context = freshContext().at(evening(1));
  await learn(context, { 0: 100, 1: 110 });
  await foretell(context, 0, 0.1);
  await foretell(context, 1, 0.1);
  expect(await score(context)).toEqual({ scored: 1, live: 1, passedOver: 0 });
  expect(await score(context)).toEqual({ scored: 0, live: 0, passedOver: 0 });
  // Sessions that come later, all in one file, also those that nobody forecast.
  await learn(context.at(evening(5)), { 2: 99, 3: 105, 4: 100, 5: 101 });
  expect(await score(context)).toEqual({ scored: 1, live: 1, passedOver: 0 });
  const [early, late] = await scores(context);
  expect(early).toMatchObject({ originSession: session(0), scoredAt: evening(1) });
  expect(late).toMatchObject({
    ...{ originSession: session(1), targetSession: session(2), live: true, directionRight: false },
    ...{ scoredAt: evening(5), vantage: { asOf: session(5), knownAt: evening(5) } },
  });
  expect(late!.logReturn).toBeCloseTo(Math.log(99 / 110), 12);
  expect(late!.error).toBeCloseTo(0.1 - Math.log(99 / 110), 12);
});

test('takes for live what was made before its outcome was known here, and nothing else', async () => {
  const context = freshContext().at(evening(3));
  await learn(context, { 0: 100, 1: 101, 2: 102, 3: 103 });
  // As of a session of the past, when what came of it was known; from the newest session, however late.
  await foretell(context, 1, 0.01, { madeAt: evening(4) });
  await foretell(context, 3, 0.01, { madeAt: evening(9) });
  // Made as of a session whose next one is missing while a later one is known: what came in between is no secret.
  await learn(context.at(evening(6)), { 6: 109 });
  await foretell(context, 4, 0.01, { madeAt: evening(7) });
  await learn(context.at(evening(10)), { 4: 104, 5: 108 });
  expect(await score(context)).toEqual({ scored: 3, live: 0, passedOver: 0 });
  await foretell(context, 6, 0.01, { madeAt: evening(10) });
  await learn(context.at(evening(11)), { 7: 110 });
  expect(await score(context)).toEqual({ scored: 1, live: 1, passedOver: 0 });
  const [record] = await trackRecords(on.services, context, 'AAA');
  expect(record).toMatchObject({ horizon: 1, kind: 'linear', versions: 1, live: { n: 1 }, backfilled: { n: 3 } });
});

test('a forecast whose session is skipped waits for it, and is scored when the close comes late', async () => {
  const context = freshContext().at(evening(0));
  await learn(context, { 0: 100 });
  await foretell(context, 0, 0.02);
  await learn(context.at(evening(3)), { 2: 104, 3: 105 });
  expect(await score(context)).toMatchObject({ scored: 0 });
  await learn(context.at(evening(8)), { 1: 102 });
  expect(await score(context)).toEqual({ scored: 1, live: 1, passedOver: 0 });
  expect((await scores(context))[0]!.logReturn).toBeCloseTo(Math.log(1.02), 12);
});

test('counts in total returns, over as many sessions as were forecast', async () => {
  const context = freshContext().at(evening(0));
  await learn(context, { 0: 100 });
  await foretell(context, 0, 0.02, { horizon: 2, targetSession: session(2) });
  await learn(context.at(evening(2)), { 1: 51, 2: 50 });
  const events = [
    { ticker: 'AAA', date: session(1), kind: 'split', value: 2 },
    { ticker: 'AAA', date: session(2), kind: 'dividend', value: 1 },
  ] as const;
  const record = { id: 'e', source: 'e', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, record, [], events);
  expect(await score(context)).toMatchObject({ scored: 1 });
  expect((await scores(context))[0]!.logReturn).toBeCloseTo(Math.log(1.02), 12);
});

test('a close that is restated afterwards changes no score, one restated before counts as it is known', async () => {
  const context = freshContext().at(evening(0));
  await learn(context, { 0: 100 });
  await foretell(context, 0, 0.02);
  await foretell(context, 1, 0.02);
  await learn(context.at(evening(1)), { 1: 110 });
  await score(context);
  await learn(context.at(evening(2)), { 1: 101, 2: 103 });
  expect(await score(context)).toMatchObject({ scored: 1 });
  const [first, second] = await scores(context);
  expect(first!.logReturn).toBeCloseTo(Math.log(1.1), 12);
  expect(second!.logReturn).toBeCloseTo(Math.log(103 / 101), 12);
});

test('goes through many in batches, whoever else is at it', async () => {
  const context = freshContext().at(evening(20));
  const closes = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [n, 100 + n]));
  for (const ticker of ['AAA', 'BBB']) await learn(context, closes, ticker);
  for (let n = 0; n < 20; n++) {
    await foretell(context, n, 0.01);
    await foretell(context, n, 0.01, { ticker: 'BBB', modelId: 'b' });
  }
  const vantage = vantageOf(context);
  expect(await countUnscored(on.services, context, { vantage })).toBe(40);
  expect(await countUnscored(on.services, context, { vantage: vantageOf(context, session(5)), ticker: 'BBB' })).toBe(5);
  const all = async () => {
    let [scored, passedOver, batches] = [0, 0, 0];
    for (let after, more = true; more; batches++) {
      const done = await scoreBatch(on.services, context, { vantage, batch: 7, ...(after && { after }) });
      scored += done.scored;
      passedOver += done.passedOver;
      ({ after } = done);
      more = after !== undefined;
    }
    return { scored, passedOver, batches };
  };
  const runs = await Promise.all([all(), all(), all()]);
  expect(runs.reduce((sum, { scored }) => sum + scored, 0)).toBe(40);
  expect(runs.every(({ batches }) => batches <= 7)).toBe(true);
  expect(await countUnscored(on.services, context, { vantage })).toBe(0);
  expect(await all()).toEqual({ scored: 0, passedOver: 0, batches: 1 });
});

test('passes over a forecast whose origin cannot be seen, and goes on', async () => {
  const context = freshContext().at(evening(2));
  await learn(context, { 1: 100, 2: 101 });
  await foretell(context, 0, 0.01);
  await foretell(context, 1, 0.01);
  expect(await score(context, 1)).toMatchObject({ scored: 0, passedOver: 1, after: { originSession: session(0) } });
  expect(await score(context)).toEqual({ scored: 1, live: 1, passedOver: 1 });
});
