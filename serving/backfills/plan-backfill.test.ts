import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_PARKING, type ParkingPolicy } from '../../domain/parking.ts';
import { type TestContext, freshContext } from '../../tests/contract/backend.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { type TestServices, openServices } from '../../tests/support/services.ts';
import { type BackfillRequest, resolveBackfill } from './plan-backfill.ts';

let on: TestServices;
let context: TestContext;
beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, record, [sampleBars('MSFT').slice(0, 10)], []);
});
afterAll(() => on.close());

const resolve = (more: Partial<BackfillRequest>) =>
  resolveBackfill(on.services, context, { from: '2012-06-01', to: '2012-12-31', ...more });

it.each<[Partial<ParkingPolicy> | undefined, ParkingPolicy['onBadData']]>([
  [undefined, 'fail'],
  [DEFAULT_PARKING, 'fail'],
  [{ onBadData: 'park', onFailedGate: 'park' }, 'fail'],
  [{ onBadData: 'fail' }, 'fail'],
  [{ onBadData: 'ignore' }, 'ignore'],
])('no partition waits for a person, whatever whoever starts it is configured with: %o', async (asked, onBadData) => {
  const wish = asked === undefined ? {} : { parking: { ...DEFAULT_PARKING, ...asked } };
  const { plan } = await resolve({ wish });
  expect(plan.parking).toEqual({ ...DEFAULT_PARKING, onBadData, onFailedGate: 'fallback' });
});

it.each<[Partial<BackfillRequest>, string, RegExp]>([
  [{ fields: ['version', 'from', 'evry'] }, 'REQUEST_INVALID', /^evry: there is no such field; known: .*every/],
  [{ wish: { horizon: [1] } as object }, 'REQUEST_INVALID', /^wish\.horizon: there is no such field; known: horizons/],
  [{ from: '2012-13-01' }, 'DATE_INVALID', /"2012-13-01" is not possible: expected a day of the calendar as "from"/],
  [{ from: '2013-01-02' }, 'REQUEST_INVALID', /^from: "2013-01-02" lies after to "2012-12-31"/],
  [
    { from: '2012-12-29', to: '2012-12-30' },
    'REQUEST_INVALID',
    /the exchange was not open from 2012-12-29 to 2012-12-30/,
  ],
])('%o is refused', async (more, code, message) => {
  await expect(resolve(more)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
