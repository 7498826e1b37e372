import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import { openServices, type TestServices } from '../support/services.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';
import { trainDirectly } from '../support/trained-ticker.ts';
import { crookedness, differences } from './findings.ts';

const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const universe = { tickers: ['AAPL'], horizons: [1] };
const NO_FORECAST = 'AAPL at horizon 1 has no forecast';

describe('differences', () => {
  it('are none between equals, whatever the order of their fields', () => {
    expect(differences({ a: { x: 1, y: [2] } }, { a: { y: [2], x: 1 } })).toEqual([]);
  });

  it('name what is missing, what should not be there and what is another', () => {
    expect(differences({ b: 2, c: { x: 1 } }, { a: 1, c: { x: 1 + 1e-12 } })).toEqual([
      'a is missing',
      'b should not be there: 2',
      'c is {"x":1} and should be {"x":1.000000000001}',
    ]);
  });
});

describe.sequential('crookedness', () => {
  let test: TestServices;
  beforeAll(async () => {
    test = await openServices();
    await takeInTestUniverse(test.services, context);
    await trainDirectly(test.services, context, { ticker: 'AAPL', horizon: 1, kinds: ['naive', 'drift'] });
  });
  afterAll(() => test?.close());

  it('misses what a run should have brought, and finds nothing else', async () => {
    expect(await crookedness(test.services, context, universe)).toEqual([NO_FORECAST]);
    expect(await crookedness(test.services, context, { tickers: ['MSFT'], horizons: [1] })).toEqual([
      'MSFT at horizon 1 has 0 entries in the ledger',
      'MSFT at horizon 1 has no forecast',
    ]);
  });

  it('finds a second entry in the ledger, a model that is there twice and an object that is lost', async () => {
    const { ledger, registry, objects } = test.services;
    const [promotion] = await ledger.history(context, 'AAPL');
    await ledger.enter(context, { ...promotion!, executionId: 'another' });
    const naive = (await registry.newest(context, 'AAPL', 1, 'naive'))!;
    await registry.register(context, { ...naive, id: 'f'.repeat(64), objectKey: 'models/lost' });
    expect(await crookedness(test.services, context, universe)).toEqual([
      'AAPL at horizon 1 has 2 entries in the ledger',
      NO_FORECAST,
      'the object models/lost is lost',
      'AAPL at horizon 1 has more than one naive',
    ]);
    expect(await objects.exists(context, naive.objectKey)).toBe(true);
  });
});
