import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { freshForTraining } from './fresh-for-training.ts';

const context: Context = { tenant: 'default', principal: 'tester', clock: fixedClock('2013-03-01T22:00:00.000Z') };
const { signal } = new AbortController();

let yahoo: YahooDouble;
let test_: TestServices;
beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: sampleTicker('AAPL') });
  test_ = await openServices(pricesFrom(yahoo.url));
});
afterAll(async () => {
  await test_.close();
  await yahoo.stop();
});
const fresh = (options: Omit<Parameters<typeof freshForTraining>[3], 'source'>) =>
  freshForTraining(test_.services, context, ['AAPL'], { source: 'yahoo', ...options });

test("asks for nothing newer than a training on an earlier day's knowledge can use", async () => {
  expect(await fresh({ signal, asOf: '2012-12-31' })).toEqual([]);
  expect(yahoo.requests).toEqual([]);
});

test('asks for nothing more when nobody waits for the run any more', async () => {
  await expect(fresh({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  expect(yahoo.requests).toEqual([]);
});

test('brings the newest closed sessions in', async () => {
  const brought = { ticker: 'AAPL', source: 'yahoo', last_session: '2013-03-01', stale: false };
  expect(await fresh({ signal })).toEqual([brought]);
});
