import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_PRICE_SETTINGS, type PriceSettings } from '../../domain/price-source.ts';
import { seededRandom } from '../../models/random.ts';
import type { Mood } from '../../tests/doubles/provider.ts';
import { sampleTicker } from '../../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../../tests/doubles/yahoo.ts';
import { type PriceSource, SourceFailure } from './price-source.ts';
import { RequestRate } from './request-rate.ts';
import { resilient } from './resilient.ts';
import { yahooSource } from './yahoo.ts';

const never = new AbortController().signal;
const QUICK: PriceSettings = {
  ...DEFAULT_PRICE_SETTINGS,
  timeoutMs: 30_000,
  retries: 2,
  backoffMs: 1,
  rate: 1000,
  breakerFailures: 3,
  breakerMs: 1,
};

let yahoo: YahooDouble;
beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: sampleTicker('AAPL') });
});
beforeEach(() => {
  yahoo.behave({ kind: 'well' });
  yahoo.requests.length = 0;
});
afterAll(() => yahoo.stop());

const open = (limits: Partial<PriceSettings> = {}, random?: () => number) =>
  resilient(yahooSource(yahoo.url), { ...QUICK, ...limits }, random);
const ask = (source: PriceSource, signal = never) => source.history('AAPL', '2013-02-28', '2013-03-01', signal);

const BAD_MOODS: readonly Mood[] = [
  { kind: 'too-many-requests', retryAfter: 0 },
  { kind: 'too-many-requests' },
  { kind: 'failing', status: 500 },
  { kind: 'failing', status: 503 },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'malformed' },
  { kind: 'silent' },
];

test.each(BAD_MOODS)('%o: an answer comes when the mood passes before the attempts are used up', async (mood) => {
  const source = open(mood.kind === 'silent' ? { timeoutMs: 500 } : {});
  yahoo.behave(mood, 1);
  // A machine that is busy may make a healthy attempt time out too.
  expect((await ask(source)).bars).toHaveLength(2);
  const { counts, breaker, lastError } = source.health();
  expect(counts.failedAttempts).toBeGreaterThanOrEqual(1);
  expect(counts).toMatchObject({ calls: 1, failedCalls: 0 });
  expect({ breaker, lastError }).toEqual({ breaker: 'closed' });
});

test.each(BAD_MOODS)(
  '%o: while it lasts, SOURCE_UNAVAILABLE and an open breaker; afterwards it closes by itself',
  async (mood) => {
    const source = open(mood.kind === 'silent' ? { timeoutMs: 200 } : {});
    yahoo.behave(mood);
    await expect(ask(source)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { source: 'yahoo', retryAfterSeconds: 1 },
    });
    expect(source.health()).toMatchObject({
      breaker: 'open',
      counts: { calls: 1, attempts: 3, failedAttempts: 3, failedCalls: 1, breakerOpened: 1 },
    });
    expect(source.health().lastError).toBeDefined();
    yahoo.behave({ kind: 'well' });
    const answer = await vi.waitUntil(() => ask(source).catch(() => undefined), { timeout: 30_000 });
    expect(answer.bars).toHaveLength(2);
    expect(source.health()).toMatchObject({ breaker: 'closed' });
    expect(source.health().lastError).toBeUndefined();
  },
);

test('an open breaker asks nothing, and says when it will', async () => {
  const source = open({ breakerMs: 600_000 });
  yahoo.behave({ kind: 'failing' });
  await expect(ask(source)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  const asked = yahoo.requests.length;
  yahoo.behave({ kind: 'well' });
  const refused = await ask(source).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'SOURCE_UNAVAILABLE', status: 503, retryable: true });
  const { retryAfterSeconds, problem } = (refused as { details: { retryAfterSeconds: number; problem: string } })
    .details;
  expect(retryAfterSeconds).toBeGreaterThan(500);
  expect(retryAfterSeconds).toBeLessThanOrEqual(600);
  expect(problem).toContain('502');
  expect(yahoo.requests).toHaveLength(asked);
  expect(new Date(source.health().retryAt!).getTime()).toBeGreaterThan(Date.now());
});

test('a probe that fails leaves the breaker open', async () => {
  const source = open({ retries: 0, breakerFailures: 1 });
  yahoo.behave({ kind: 'failing' });
  await expect(ask(source)).rejects.toThrow(/502/);
  await vi.waitUntil(
    () =>
      ask(source).then(
        () => false,
        () => source.health().counts.attempts === 2,
      ),
    { timeout: 30_000 },
  );
  expect(source.health()).toMatchObject({ breaker: 'open', counts: { breakerOpened: 2 } });
});

test('a provider that asks for more time than anyone waits is left alone for so long', async () => {
  const source = open();
  yahoo.behave({ kind: 'too-many-requests', retryAfter: 120 }, 1);
  for (let i = 0; i < 2; i++) {
    const error = await ask(source).catch((thrown: unknown) => thrown);
    const { retryAfterSeconds } = (error as { details: { retryAfterSeconds: number } }).details;
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(retryAfterSeconds).toBeGreaterThan(60);
  }
  expect(yahoo.requests).toHaveLength(1);
  expect(source.health()).toMatchObject({ breaker: 'closed', counts: { attempts: 1, failedCalls: 2 } });
});

test('reads Retry-After as a date', async () => {
  yahoo.behave({ kind: 'too-many-requests', retryAfter: new Date(Date.now() + 3_600_000).toUTCString() }, 1);
  const error = await ask(open()).catch((thrown: unknown) => thrown);
  expect((error as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds).toBeGreaterThan(3000);
});

test('an unknown symbol is neither tried again nor held against the source', async () => {
  const source = open();
  for (let i = 0; i < 5; i++) {
    const asking = source.history('NOPE', '2013-02-28', '2013-03-01', never);
    await expect(asking).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
  }
  expect(source.health()).toMatchObject({ breaker: 'closed', counts: { attempts: 5, failedAttempts: 0 } });
});

test('stops at once when the caller does, also between attempts, and does not count that', async () => {
  const source = open({ backoffMs: 10_000, breakerFailures: 100 }, () => 0.999);
  const stop = new AbortController();
  yahoo.behave({ kind: 'failing' });
  const ended = expect(ask(source, stop.signal)).rejects.toMatchObject({ message: 'enough' });
  await vi.waitUntil(() => source.health().counts.failedAttempts === 1, { timeout: 20_000 });
  stop.abort(new Error('enough'));
  await ended;
  expect(source.health().counts).toMatchObject({ attempts: 1, failedCalls: 0 });
});

test('waits between attempts grow exponentially, with full jitter from the given randomness', async () => {
  const drawn: number[] = [];
  const { next } = seededRandom(7);
  const waits: number[] = [];
  const sleeping = vi.spyOn(globalThis, 'setTimeout');
  const failing: PriceSource = {
    name: 'failing',
    history: () => Promise.reject(new SourceFailure('down')),
    quote: () => Promise.reject(new SourceFailure('down')),
  };
  const source = resilient(
    failing,
    { ...QUICK, retries: 4, backoffMs: 4, breakerFailures: 100, timeoutMs: 77_777 },
    () => {
      const value = next();
      drawn.push(value);
      return value;
    },
  );
  await expect(source.quote('AAPL', never)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  for (const [, ms] of sleeping.mock.calls) if (ms !== 77_777) waits.push(ms!);
  sleeping.mockRestore();
  expect(waits).toEqual(drawn.map((value, i) => value * 4 * 2 ** i));
  expect(waits).toHaveLength(4);
});

test('lets calls through in the order in which they come, and holds back what is too early', async () => {
  const rate = new RequestRate(1000);
  const passed: number[] = [];
  await Promise.all(Array.from({ length: 60 }, (_, i) => rate.turn(never).then(() => passed.push(i))));
  expect(passed).toEqual(Array.from({ length: 60 }, (_, i) => i));
  const slow = new RequestRate(0.001);
  await slow.turn(never);
  const stop = new AbortController();
  const waiting = expect(slow.turn(stop.signal)).rejects.toThrow('enough');
  stop.abort(new Error('enough'));
  await waiting;
});

test('calls that waited for their turn heed what the provider asked for meanwhile', async () => {
  const askedAt: number[] = [];
  let heldUntil = 0;
  const held: PriceSource = {
    name: 'held',
    history: () => Promise.reject(new SourceFailure('down')),
    quote: () => {
      askedAt.push(Date.now());
      if (askedAt.length > 1) return Promise.resolve({ price: 1, at: '2013-03-01T21:00:00.000Z' });
      heldUntil = Date.now() + 2000;
      return Promise.reject(new SourceFailure('too many', { retryAfterMs: 2000 }));
    },
  };
  const source = resilient(held, { ...QUICK, rate: 1, retries: 0 });
  const asked = Array.from({ length: 3 }, () => source.quote('AAPL', never));
  await expect(asked[0]).rejects.toThrow(/too many/);
  await Promise.all(asked.slice(1));
  expect(askedAt).toHaveLength(3);
  // A timer may be early by a millisecond.
  for (const at of askedAt.slice(1)) expect(at).toBeGreaterThanOrEqual(heldUntil - 5);
});

test('refuses at once those who would wait for their turn for too long', async () => {
  const source = open({ rate: 0.1 });
  const stop = new AbortController();
  const waiting = [ask(source, stop.signal), ask(source, stop.signal)].map((asked) => asked.catch(() => undefined));
  const refused = await ask(source).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    details: { problem: expect.stringMatching(/wait for their turn/) },
  });
  expect((refused as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds).toBeGreaterThan(10);
  stop.abort();
  await Promise.all(waiting);
});

test('calls go to Yahoo as the rate says: none waits in its client', async () => {
  const source = open();
  yahoo.tickers.set('AAPL', sampleTicker('AAPL'));
  await source.quote('AAPL', never);
  yahoo.requests.length = 0;
  yahoo.behave({ kind: 'silent' });
  const stop = new AbortController();
  const waiting = Array.from({ length: 12 }, () => source.quote('AAPL', stop.signal).catch(() => undefined));
  await vi.waitUntil(() => yahoo.requests.length === 12, { timeout: 20_000 });
  stop.abort(new Error('enough'));
  await Promise.all(waiting);
});
