import { beforeAll, describe, expect, it } from 'vitest';
import type { Promotion } from '../../domain/model-version.ts';
import type { Ledger } from '../../stores/ledger/ledger.ts';
import { contextOf } from './context.ts';

type Entry = Parameters<Ledger['enter']>[1];

const MARCH_1 = '2013-03-01';
const FEBRUARY_28 = '2013-02-28';
const MARCH_4 = '2013-03-04';

const entry = (runId: string, modelId: string, asOf = MARCH_1, overrides: Partial<Entry> = {}): Entry => ({
  ticker: 'AAPL',
  horizon: 10,
  asOf,
  modelId,
  kind: 'linear',
  reasons: ["lowest RMSE: 0.9987 of naive's", '"as asked"'],
  principal: 'analyst',
  runId,
  ...overrides,
});

/** What every ledger must do, whatever it is made of. Each test takes tenants of its own. */
export function ledgerContract(open: () => Promise<Ledger>): void {
  describe('a ledger', () => {
    let ledger: Ledger;
    beforeAll(async () => {
      ledger = await open();
    });

    it('knows nothing at first', async () => {
      const context = contextOf('nobody');
      expect(await ledger.production(context, 'AAPL', 10)).toBeUndefined();
      expect(await ledger.production(context, 'AAPL', 10, MARCH_1)).toBeUndefined();
      expect(await ledger.history(context, 'AAPL')).toEqual([]);
    });

    it('puts the first promotion into production', async () => {
      const context = contextOf('first', '2013-03-04T12:00:00.007Z');
      const promotion = await ledger.enter(context, entry('run-1', 'a'));
      expect(promotion).toEqual({ ...entry('run-1', 'a'), at: '2013-03-04T12:00:00.007Z', movedLive: true });
      expect(promotion).not.toHaveProperty('previousModelId');
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(promotion);
      expect(await ledger.history(context, 'AAPL')).toEqual([promotion]);
    });

    it('moves production to a newer choice, also of the same day, and says what served before', async () => {
      const context = contextOf('moves');
      await ledger.enter(context, entry('run-1', 'a', FEBRUARY_28));
      const second = await ledger.enter(context, entry('run-2', 'b', MARCH_1));
      expect(second).toMatchObject({ movedLive: true, previousModelId: 'a' });
      const third = await ledger.enter(context, entry('run-3', 'c', MARCH_1));
      expect(third).toMatchObject({ movedLive: true, previousModelId: 'b' });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(third);
      expect((await ledger.history(context, 'AAPL')).map(({ modelId }) => modelId)).toEqual(['c', 'b', 'a']);
    });

    it('enters a run once per ticker and horizon', async () => {
      const context = contextOf('again');
      const first = await ledger.enter(context, entry('run-1', 'a'));
      await ledger.enter(context, entry('run-2', 'b'));
      const later = contextOf('again', '2013-03-05T12:00:00.000Z');
      expect(await ledger.enter(later, entry('run-1', 'something else'))).toEqual(first);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(2);
      expect(await ledger.production(context, 'AAPL', 10)).toMatchObject({ modelId: 'b' });
      // One run promotes for several tickers and horizons.
      expect(await ledger.enter(context, entry('run-1', 'a1', MARCH_1, { horizon: 1 }))).toMatchObject({
        modelId: 'a1',
      });
      expect(await ledger.enter(context, entry('run-1', 'm', MARCH_1, { ticker: 'MSFT' }))).toMatchObject({
        modelId: 'm',
      });
    });

    it('does not move production when the model serves already', async () => {
      const context = contextOf('same');
      const first = await ledger.enter(context, entry('run-1', 'a', FEBRUARY_28));
      const second = await ledger.enter(context, entry('run-2', 'a', MARCH_1));
      expect(second).toMatchObject({ movedLive: false, previousModelId: 'a' });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(first);
    });

    it('never moves production for a date before the live one, and finds what was chosen as of a date', async () => {
      const context = contextOf('backfill');
      const live = await ledger.enter(context, entry('run-1', 'live', MARCH_1));
      const backfilled = await ledger.enter(context, entry('run-2', 'old', FEBRUARY_28));
      expect(backfilled).toMatchObject({ movedLive: false, previousModelId: 'live' });
      const older = await ledger.enter(context, entry('run-3', 'older', '2010-01-04'));

      const production = (asOf?: string) => ledger.production(context, 'AAPL', 10, asOf);
      expect(await production()).toEqual(live);
      expect(await production(MARCH_4)).toEqual(live);
      expect(await production(MARCH_1)).toEqual(live);
      expect(await production(FEBRUARY_28)).toEqual(backfilled);
      expect(await production('2013-02-27')).toEqual(older);
      expect(await production('2010-01-03')).toBeUndefined();
    });

    it('takes the later of two choices for the same date', async () => {
      const context = contextOf('revised');
      await ledger.enter(context, entry('run-1', 'live', MARCH_1));
      await ledger.enter(context, entry('run-2', 'old', FEBRUARY_28));
      const revised = await ledger.enter(context, entry('run-3', 'old, revised', FEBRUARY_28));
      expect(await ledger.production(context, 'AAPL', 10, FEBRUARY_28)).toEqual(revised);
    });

    it('lets a newer date that confirmed the model hold against older ones', async () => {
      const context = contextOf('confirmed');
      await ledger.enter(context, entry('run-1', 'a', FEBRUARY_28));
      await ledger.enter(context, entry('run-2', 'a', MARCH_4));
      const between = await ledger.enter(context, entry('run-3', 'b', MARCH_1));
      expect(between.movedLive).toBe(false);
      expect(await ledger.production(context, 'AAPL', 10)).toMatchObject({ modelId: 'a' });
    });

    it('keeps horizons, tickers and tenants apart', async () => {
      const [one, two] = [contextOf('one'), contextOf('two')];
      const promotion = await ledger.enter(one, entry('run-1', 'a'));
      expect(await ledger.production(one, 'AAPL', 1)).toBeUndefined();
      expect(await ledger.production(one, 'MSFT', 10)).toBeUndefined();
      expect(await ledger.production(two, 'AAPL', 10)).toBeUndefined();
      expect(await ledger.history(two, 'AAPL')).toEqual([]);
      const other = await ledger.enter(two, entry('run-1', 'b', FEBRUARY_28));
      expect(other).toMatchObject({ movedLive: true });
      expect(other).not.toHaveProperty('previousModelId');
      expect(await ledger.enter(one, entry('run-1', 'c', FEBRUARY_28, { horizon: 1 }))).toMatchObject({
        movedLive: true,
      });
      expect(await ledger.production(one, 'AAPL', 10)).toEqual(promotion);
    });

    it('stays straight when many promote at once', async () => {
      const context = contextOf('crowd');
      const entered = await Promise.all(
        // Twelve runs, each of them entered twice, as after a retry.
        Array.from({ length: 24 }, (_, i) => ledger.enter(context, entry(`run-${i % 12}`, `model-${i % 12}`))),
      );
      const history = await ledger.history(context, 'AAPL');
      expect(new Set(history.map(({ runId }) => runId)).size).toBe(12);
      expect(history).toHaveLength(12);
      expectStraight(history);
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(history[0]);
      for (const promotion of entered) expect(history).toContainEqual(promotion);
    });
  });
}

/** Every entry moved the alias away from the one entered before it. `history` is newest first. */
export function expectStraight(history: readonly Promotion[]): void {
  for (const [i, promotion] of history.entries()) {
    expect(promotion.movedLive).toBe(true);
    expect(promotion.previousModelId).toBe(history[i + 1]?.modelId);
  }
}
