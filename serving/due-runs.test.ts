import { afterAll, beforeAll, expect, it } from 'vitest';
import { addSessions, closeOf, latestClosedSession } from '../domain/calendar.ts';
import { fixedClock, systemClock } from '../domain/context.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { RETRAINING } from '../tests/support/retraining-settings.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { planIngest, planRetraining } from './due-runs.ts';
import { takeInPrices } from './take-in-prices.ts';

const SETTINGS = { ...RETRAINING, requireApproval: true, maxInFlight: 3 };
const WISH = { horizons: [1], kinds: ['linear'] };

let on: TestServices;
const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const empty = { ...context, tenant: 'nobody' };
beforeAll(async () => {
  on = await openServices(pricesFrom('http://127.0.0.1:9'));
  // IBM is known for a longer time than MSFT.
  for (const prices of [samplePrices(['IBM'], 300), samplePrices(['MSFT'], 100)]) {
    await withFile(prices, (pricesPath) =>
      takeInPrices(on.services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
    );
  }
});
afterAll(() => on.close());

it('fetches all tickers that are known, or those asked for, from the source asked for', async () => {
  const source = 'yahoo';
  expect(await planIngest(on.services, context, { source })).toEqual({ source, tickers: ['IBM', 'MSFT'] });
  const asked = { source, tickers: ['AAPL'] };
  expect(await planIngest(on.services, context, asked)).toEqual(asked);
  await expect(planIngest(on.services, context, { source: 'yaho' })).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
});

it('fetches nothing, and says why, without a live source or without a ticker', async () => {
  const noSource = { skip: expect.stringContaining('STOCKCAST_PRICE_SOURCE') };
  expect(await planIngest(on.services, context, {})).toEqual(noSource);
  expect(await planIngest(on.services, empty, { source: 'yahoo' })).toEqual({ skip: 'no prices are known yet' });
});

it('trains live while the session is the newest that has closed, with the settings of who plans', async () => {
  const session = latestClosedSession(new Date());
  const request = { session, mayServe: true, wish: WISH };
  const planned = await planRetraining(on.services, context, request, SETTINGS);
  expect(planned).toMatchObject({
    live: true,
    stands: false,
    input: {
      live: true,
      tickers: ['IBM', 'MSFT'],
      maxInFlight: 3,
      plan: { seed: 7, requireApproval: true, horizons: [1] },
    },
  });
  expect(planned!.workflowId).toMatch(/^train-universe\/default\/2013-03-01\//);
  const asOf = await planRetraining(on.services, context, { ...request, mayServe: false }, SETTINGS);
  expect(asOf).toMatchObject({ live: false, input: { live: false } });

  // A moment after the next close, the same session is history.
  const next = fixedClock(closeOf(addSessions(session, 1)));
  expect(await planRetraining(on.services, { ...context, clock: next }, request, SETTINGS)).toMatchObject({
    live: false,
    input: { live: false, vantage: { asOf: session } },
  });
});

it('trains as of a past session what had prices then', async () => {
  const request = { session: '2012-06-01', mayServe: true, wish: WISH };
  const planned = await planRetraining(on.services, context, request, SETTINGS);
  expect(planned).toMatchObject({ live: false, asOf: '2012-06-01', input: { tickers: ['IBM'], live: false } });
  expect(planned!.input.vantage).toEqual({ asOf: '2012-06-01', knownAt: '2012-06-02T03:59:59.999Z' });
  expect(await planRetraining(on.services, context, { ...request, session: '1995-06-01' }, SETTINGS)).toBeUndefined();
  expect(await planRetraining(on.services, empty, request, SETTINGS)).toBeUndefined();
});
