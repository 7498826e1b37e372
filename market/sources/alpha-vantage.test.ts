import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AlphaVantageDouble, startAlphaVantage } from '../../tests/doubles/alpha-vantage.ts';
import { sampleTicker } from '../../tests/doubles/sample-ticker.ts';
import { alphaVantageSource } from './alpha-vantage.ts';
import { type PriceSource, SourceFailure } from './price-source.ts';

const never = new AbortController().signal;
const apple = sampleTicker('AAPL');

let provider: AlphaVantageDouble;
let source: PriceSource;
beforeAll(async () => {
  provider = await startAlphaVantage({ AAPL: apple });
  source = alphaVantageSource(provider.url, 'SECRET');
});
afterEach(() => {
  provider.behave({ kind: 'well' });
  provider.refuse(undefined);
});
afterAll(() => provider.stop());

test('gives bars as traded and the events of the time asked about', async () => {
  const { bars, events } = await source.history('AAPL', '2012-08-01', '2013-03-01', never);
  expect(bars).toEqual(apple.bars.filter(({ date }) => date >= '2012-08-01'));
  expect(events).toEqual(apple.events.filter(({ date }) => date >= '2012-08-01'));
  const whole = await source.history('AAPL', '2000-01-03', '2013-03-01', never);
  expect(whole.events.filter(({ kind }) => kind === 'split')).toEqual(
    apple.events.filter(({ date, kind }) => kind === 'split' && date >= '2000-01-03'),
  );
});

test('asks for the short answer where that holds what is needed', async () => {
  provider.requests.length = 0;
  const { bars } = await source.history('AAPL', '2013-02-28', '2013-03-01', never);
  expect(bars).toHaveLength(2);
  expect(provider.requests).toHaveLength(1);
  expect(provider.requests[0]).toContain('outputsize=compact');
});

test('quotes the newest price, whose time is known to the day', async () => {
  expect(await source.quote('AAPL', never)).toEqual({ price: 430.47, at: '2013-03-01T21:00:00.000Z' });
});

test('an unknown symbol is no failure of the source', async () => {
  const unknown = { code: 'SOURCE_TICKER_UNKNOWN' };
  await expect(source.history('NOPE', '2013-02-28', '2013-03-01', never)).rejects.toMatchObject(unknown);
  await expect(source.quote('NOPE', never)).rejects.toMatchObject(unknown);
});

test('a refusal with status 200 is a failure that may pass, told without the key', async () => {
  provider.refuse('We have detected your API key as SECRET and our standard API rate limit is 25 requests per day.');
  const error = await source.history('AAPL', '2013-02-28', '2013-03-01', never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SourceFailure);
  expect((error as Error).message).toMatch(/25 requests per day/);
  expect((error as Error).message).not.toContain('SECRET');
});

test.each([
  { kind: 'too-many-requests' },
  { kind: 'failing' },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'malformed' },
] as const)('%o is a failure that may pass, told without the key', async (mood) => {
  provider.behave(mood);
  const history = () => source.history('AAPL', '2013-02-28', '2013-03-01', never);
  for (const ask of [history, () => source.quote('AAPL', never)]) {
    const error = await ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceFailure);
    expect((error as Error).message).not.toContain('SECRET');
  }
});
