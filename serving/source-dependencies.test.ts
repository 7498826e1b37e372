import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { LivePrices } from './live-prices.ts';
import { sourceDependencies } from './source-dependencies.ts';

let yahoo: YahooDouble;
beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: { bars: [], quote: { price: 425.25, at: new Date('2013-03-04T15:59:30.000Z') } } });
});
afterAll(() => yahoo.stop());

test('a source that failed too often is down with the reason, until it has answered again', async () => {
  const prices = new LivePrices(pricesFrom(yahoo.url, { retries: 0, breakerFailures: 2, breakerMs: 50 }));
  const [dependency] = sourceDependencies(prices);
  const ask = () => prices.sources.named('yahoo')!.quote('AAPL', new AbortController().signal);
  expect(dependency).toMatchObject({ name: 'prices_yahoo', required: false });
  await expect(dependency!.ping()).resolves.toBeUndefined();

  yahoo.behave({ kind: 'failing' });
  for (let i = 0; i < 2; i++) await expect(ask()).rejects.toThrow('yahoo does not answer');
  expect(dependency!.breaker!()).toBe('open');
  await expect(dependency!.ping()).rejects.toThrow(/yahoo does not answer: .*502/);

  yahoo.behave({ kind: 'well' });
  await vi.waitFor(async () => expect(await ask()).toMatchObject({ price: 425.25 }), { timeout: 30_000 });
  expect(dependency!.breaker!()).toBe('closed');
  await expect(dependency!.ping()).resolves.toBeUndefined();
});

test('a source whose key is missing is none that anything leans on', () => {
  const names = (alphaVantageKey?: string) =>
    sourceDependencies(new LivePrices(pricesFrom(yahoo.url, { alphaVantageKey }))).map(({ name }) => name);
  expect(names()).toEqual(['prices_yahoo']);
  expect(names('SECRET')).toEqual(['prices_yahoo', 'prices_alpha_vantage']);
});
