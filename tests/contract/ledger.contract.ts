import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Promotion } from '../../domain/model-version.ts';
import type { Ledger } from '../../stores/ledger/ledger.ts';
import { type Backend, freshContext } from './backend.ts';

type NewEntry = Omit<Promotion, 'entry' | 'movedLive' | 'previousModelId' | 'at'>;

function entry(modelId: string, asOf: string, differing: Partial<NewEntry> = {}): NewEntry {
  return {
    ticker: 'AAPL',
    horizon: 10,
    asOf,
    modelId,
    kind: 'linear',
    reasons: ['lowest error out of sample', 'no worse than "naive"'],
    principal: 'tester',
    runId: `${modelId}@${asOf}`,
    executionId: differing.runId ?? `${modelId}@${asOf}`,
    live: true,
    ...differing,
  };
}

/** What every `Ledger` must do. */
export function ledgerContract(name: string, open: () => Promise<Backend<Ledger>>): void {
  describe(`the ledger on ${name}`, () => {
    let backend: Backend<Ledger>;
    let ledger: Ledger;

    beforeAll(async () => {
      backend = await open();
      ledger = backend.connect();
    });
    afterAll(() => backend.close());

    it('has nothing in production at first', async () => {
      const context = freshContext();
      expect(await ledger.production(context, 'AAPL', 10)).toBeUndefined();
      expect(await ledger.production(context, 'AAPL', 10, '2013-03-01')).toBeUndefined();
      expect(await ledger.history(context, 'AAPL')).toEqual([]);
    });

    it('puts the first promotion into service, with the time and nothing before it', async () => {
      const context = freshContext().at('2013-03-01T21:00:00.123Z');
      const expected = {
        ...{ ...entry('a', '2013-03-01'), entry: expect.any(Number) },
        ...{ at: '2013-03-01T21:00:00.123Z', movedLive: true },
      };
      expect(await ledger.enter(context, entry('a', '2013-03-01'))).toEqual(expected);
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(expected);
      expect(await ledger.history(context, 'AAPL')).toEqual([expected]);
    });

    it('leaves what was put there since, where a run is made once more and asks for that', async () => {
      const context = freshContext();
      const first = entry('a', '2013-03-01');
      const line = { ticker: 'AAPL', horizon: 10, reasons: [], principal: 'Ada' };
      const naive = { modelId: 'naive', kind: 'naive' };
      const again = { ...first, executionId: 'once more' };
      await ledger.enter(context, first, { leavesPut: true });
      expect(await ledger.enter(context, again, { leavesPut: true })).toMatchObject({ executionId: 'once more' });
      const put = await ledger.rollBack(context, { ...line, from: 'a', to: naive });
      const third = { ...first, executionId: 'a third time' };
      expect(await ledger.enter(context, third, { leavesPut: true })).toEqual(put);
      const other = await ledger.enter(context, entry('b', '2013-03-01'), { leavesPut: true });
      expect(other).toMatchObject({ modelId: 'b', movedLive: true });
      const replaced = await ledger.replace(context, { ...line, from: 'b', to: naive, runId: 'experiment/t/e' });
      const anew = { ...entry('b', '2013-03-01'), executionId: 'b once more' };
      expect(await ledger.enter(context, anew, { leavesPut: true })).toEqual(replaced);
      expect(await ledger.enter(context, anew)).toMatchObject({ modelId: 'b', movedLive: true });
      expect(await ledger.enter(context, { ...third, live: false }, { leavesPut: true })).toMatchObject({
        modelId: 'a',
      });
    });

    it('moves to a later model, and names the one before', async () => {
      const context = freshContext();
      await ledger.enter(context, entry('a', '2013-03-01'));
      const sameDay = await ledger.enter(context, entry('b', '2013-03-01'));
      expect(sameDay).toMatchObject({ movedLive: true, previousModelId: 'a' });
      const later = await ledger.enter(context, entry('c', '2013-03-04'));
      expect(later).toMatchObject({ movedLive: true, previousModelId: 'b' });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(later);
      expect((await ledger.history(context, 'AAPL')).map(({ modelId }) => modelId)).toEqual(['c', 'b', 'a']);
    });

    it('enters an earlier as-of date in its place, and leaves what serves alone', async () => {
      const context = freshContext();
      await ledger.enter(context, entry('winter', '2013-01-02'));
      const live = await ledger.enter(context, entry('spring', '2013-03-01'));
      const backfill = await ledger.enter(context, entry('february', '2013-02-01'));
      expect(backfill).toMatchObject({ movedLive: false, previousModelId: 'winter' });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(live);
      const serving = async (asOf: string) => (await ledger.production(context, 'AAPL', 10, asOf))?.modelId;
      expect(await serving('2013-01-01')).toBeUndefined();
      expect(await serving('2013-01-31')).toBe('winter');
      expect(await serving('2013-02-01')).toBe('february');
      expect(await serving('2013-02-28')).toBe('february');
      expect(await serving('2013-03-01')).toBe('spring');
      expect(await serving('2030-01-02')).toBe('spring');
    });

    it('does not move for the model that serves already, but notes that it was confirmed', async () => {
      const context = freshContext();
      const live = await ledger.enter(context, entry('a', '2013-03-01'));
      const confirmed = await ledger.enter(context, entry('a', '2013-03-15'));
      expect(confirmed).toMatchObject({ movedLive: false, previousModelId: 'a' });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(live);
      expect(await ledger.production(context, 'AAPL', 10, '2013-03-15')).toEqual(confirmed);
      // A run as of a date before the confirmation is a backfill.
      expect(await ledger.enter(context, entry('b', '2013-03-08'))).toMatchObject({ movedLive: false });
      expect(await ledger.enter(context, entry('b', '2013-03-15'))).toMatchObject({ movedLive: true });
      // Back to a model that has served before is a move.
      expect(await ledger.enter(context, entry('a', '2013-03-18'))).toMatchObject({ movedLive: true });
    });

    it('enters an execution once for each ticker and horizon, and returns the first entry to the second', async () => {
      const context = freshContext();
      const first = await ledger.enter(context, entry('a', '2013-03-01', { runId: 'run' }));
      await ledger.enter(context, entry('b', '2013-03-04'));
      context.at('2013-03-05T00:00:00.000Z');
      expect(await ledger.enter(context, entry('a', '2013-03-01', { runId: 'run' }))).toEqual(first);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(2);
      expect((await ledger.production(context, 'AAPL', 10))?.modelId).toBe('b');

      await ledger.enter(context, entry('c', '2013-03-01', { runId: 'run', horizon: 1 }));
      await ledger.enter(context, entry('d', '2013-03-01', { runId: 'run', ticker: 'MSFT' }));
      expect((await ledger.production(context, 'AAPL', 1))?.modelId).toBe('c');
      expect((await ledger.production(context, 'MSFT', 10))?.modelId).toBe('d');
      expect(await ledger.history(context, 'AAPL')).toHaveLength(3);
      expect(await ledger.history(context, 'MSFT')).toHaveLength(1);
    });

    it('makes an entry of its own for a second execution of a run, and knows the newest of the run', async () => {
      const context = freshContext();
      const once = (executionId: string, modelId = 'a') =>
        ledger.enter(context, entry(modelId, '2013-03-01', { runId: 'run', executionId }));
      await once('first');
      await ledger.enter(context, entry('b', '2013-03-01'));
      const again = await once('second');
      expect(again).toMatchObject({ movedLive: true, previousModelId: 'b', runId: 'run', executionId: 'second' });
      expect(await once('second')).toEqual(again);
      expect((await ledger.production(context, 'AAPL', 10))?.modelId).toBe('a');
      expect(await ledger.history(context, 'AAPL')).toHaveLength(3);

      await once('third', 'c');
      expect((await ledger.newestOf(context, 'run', 'AAPL', 10))?.modelId).toBe('c');
      expect((await ledger.newestOf(context, 'b@2013-03-01', 'AAPL', 10))?.modelId).toBe('b');
      expect(await ledger.newestOf(context, 'other', 'AAPL', 10)).toBeUndefined();
      expect(await ledger.newestOf(context, 'run', 'AAPL', 1)).toBeUndefined();
      expect(await ledger.newestOf(context, 'run', 'MSFT', 10)).toBeUndefined();
      expect(await ledger.newestOf(freshContext(), 'run', 'AAPL', 10)).toBeUndefined();
    });

    it('never moves for an entry as of a date, and is not held back by one', async () => {
      const context = freshContext();
      const asOf = (modelId: string, date: string) => ledger.enter(context, entry(modelId, date, { live: false }));
      expect(await asOf('first', '2013-03-01')).toMatchObject({ live: false, movedLive: false });
      expect(await ledger.production(context, 'AAPL', 10)).toBeUndefined();
      expect((await ledger.production(context, 'AAPL', 10, '2013-03-01'))?.modelId).toBe('first');

      const live = await ledger.enter(context, entry('a', '2013-03-04'));
      expect(live).toMatchObject({ live: true, movedLive: true });
      expect(await asOf('same day', '2013-03-04')).toMatchObject({ movedLive: false });
      expect(await asOf('later', '2013-03-06')).toMatchObject({ movedLive: false });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(live);
      expect(await ledger.enter(context, entry('b', '2013-03-05'))).toMatchObject({ movedLive: true });
    });

    it('has one straight line of moves when many processes promote at once', async () => {
      const context = freshContext();
      const ids = Array.from({ length: 8 }, (_, i) => `m${i}`);
      const entered = await Promise.all(
        ids.map((id) => backend.connect().enter(context, entry(id, '2013-03-01', { runId: id }))),
      );
      expect(entered.every(({ movedLive }) => movedLive)).toBe(true);
      const history = await ledger.history(context, 'AAPL');
      expect(history.map(({ modelId }) => modelId).sort()).toEqual(ids);
      expect(history.map(({ previousModelId }) => previousModelId)).toEqual([
        ...history.slice(1).map(({ modelId }) => modelId),
        undefined,
      ]);
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(history[0]);
    });

    it('leaves the later as-of date in service, whichever of two processes comes first', async () => {
      for (let round = 0; round < 5; round++) {
        const context = freshContext();
        const [early, late] = [entry('early', '2013-02-28'), entry('late', '2013-03-01')];
        const order = round % 2 === 0 ? [early, late] : [late, early];
        await Promise.all(order.map((each) => backend.connect().enter(context, each)));
        expect((await ledger.production(context, 'AAPL', 10))?.modelId).toBe('late');
        expect((await ledger.production(context, 'AAPL', 10, '2013-02-28'))?.modelId).toBe('early');
      }
    });

    it('makes one entry of a run that enters from many processes at once', async () => {
      const context = freshContext();
      const entered = await Promise.all(
        Array.from({ length: 6 }, () => backend.connect().enter(context, entry('a', '2013-03-01'))),
      );
      expect(new Set(entered.map((each) => JSON.stringify(each))).size).toBe(1);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(1);
    });

    it('tells what serves every ticker and horizon, by ticker and horizon', async () => {
      const context = freshContext();
      expect(await ledger.serving(context)).toEqual([]);
      await ledger.enter(context, entry('m', '2013-03-01', { ticker: 'MSFT' }));
      await ledger.enter(context, entry('a10', '2013-02-28'));
      await ledger.enter(context, entry('a1', '2013-03-01', { horizon: 1 }));
      await ledger.enter(context, entry('b10', '2013-03-01'));
      await ledger.enter(context, entry('past', '2013-03-04', { live: false }));
      const serving = await ledger.serving(context);
      expect(serving.map(({ modelId }) => modelId)).toEqual(['a1', 'b10', 'm']);
      expect(await ledger.serving(freshContext())).toEqual([]);
    });

    it('tells which models and certificates its entries name, each pair once', async () => {
      const context = freshContext();
      await ledger.enter(context, entry('a', '2013-03-01', { certificateId: 'x' }));
      await ledger.enter(context, entry('a', '2013-03-04', { certificateId: 'x' }));
      await ledger.enter(context, entry('a', '2013-03-05', { certificateId: 'y', ticker: 'MSFT', live: false }));
      await ledger.enter(context, entry('b', '2013-03-01', { horizon: 1 }));
      const mentions = await ledger.mentions(context);
      expect(mentions).toHaveLength(3);
      expect(mentions).toEqual(
        expect.arrayContaining([
          { modelId: 'a', certificateId: 'x' },
          { modelId: 'a', certificateId: 'y' },
          { modelId: 'b' },
        ]),
      );
      expect(await ledger.mentions(freshContext())).toEqual([]);
    });

    const back = (context: ReturnType<typeof freshContext>, from: string, modelId: string, on = ledger) =>
      on.rollBack(context, {
        ticker: 'AAPL',
        horizon: 10,
        from,
        to: { modelId, kind: 'naive', certificateId: 'c'.repeat(64) },
        reasons: ['it "jumps"'],
        principal: 'Ada',
      });

    it('goes back to another model, as of the newest live entry, and on from there', async () => {
      const context = freshContext().at('2013-03-06T12:00:00.123Z');
      await ledger.enter(context, entry('a', '2013-03-01'));
      await ledger.enter(context, entry('b', '2013-03-04'));
      await ledger.enter(context, entry('b', '2013-03-05'));
      await ledger.enter(context, entry('past', '2013-03-08', { live: false }));
      const rolledBack = await back(context, 'b', 'a');
      expect(rolledBack).toEqual({
        entry: expect.any(Number),
        ticker: 'AAPL',
        horizon: 10,
        asOf: '2013-03-05',
        modelId: 'a',
        kind: 'naive',
        previousModelId: 'b',
        reasons: ['it "jumps"'],
        certificateId: 'c'.repeat(64),
        principal: 'Ada',
        runId: expect.stringMatching(/^rollback\//),
        executionId: expect.stringMatching(/^rollback\//),
        live: true,
        at: '2013-03-06T12:00:00.123Z',
        movedLive: true,
        isRollback: true,
      });
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(rolledBack);
      expect(await ledger.production(context, 'AAPL', 10, '2013-03-05')).toEqual(rolledBack);
      expect((await ledger.production(context, 'AAPL', 10, '2013-03-04'))?.modelId).toBe('b');
      expect(await ledger.serving(context)).toEqual([rolledBack]);
      const history = await ledger.history(context, 'AAPL');
      expect(history[0]).toEqual(rolledBack);
      const numbers = history.map((each) => each.entry);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => b - a));
      expect(await ledger.entry(context, rolledBack!.entry)).toEqual(rolledBack);
      expect(await ledger.entry(freshContext(), rolledBack!.entry)).toBeUndefined();
      expect(await ledger.entry(context, 999_999_999)).toBeUndefined();
      // Nothing goes behind its date, and what comes later may serve.
      expect(await ledger.enter(context, entry('late', '2013-03-04', { runId: 'late' }))).toMatchObject({
        movedLive: false,
      });
      const next = await ledger.enter(context, entry('c', '2013-03-06'));
      expect(next).toMatchObject({ movedLive: true, previousModelId: 'a' });
      expect(next).not.toHaveProperty('isRollback');
      expect(await back(context, 'c', 'a')).toMatchObject({ modelId: 'a', previousModelId: 'c', isRollback: true });
    });

    it('changes nothing where the other model serves already, where a third one does, and where none does', async () => {
      const context = freshContext();
      expect(await back(context, 'b', 'a')).toBeUndefined();
      await ledger.enter(context, entry('a', '2013-03-01'));
      const b = await ledger.enter(context, entry('b', '2013-03-01'));
      expect(await back(context, 'a', 'b')).toEqual(b);
      expect(await back(context, 'c', 'a')).toEqual(b);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(2);
    });

    it('has one straight line of moves when many go back and promote at once', async () => {
      const context = freshContext();
      await ledger.enter(context, entry('a', '2013-03-01'));
      await ledger.enter(context, entry('b', '2013-03-01'));
      const both = await Promise.all(Array.from({ length: 4 }, () => back(context, 'b', 'a', backend.connect())));
      expect(new Set(both.map((each) => JSON.stringify(each))).size).toBe(1);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(3);
      await Promise.all([
        ...Array.from({ length: 3 }, () => back(context, 'a', 'b', backend.connect())),
        ...['x', 'y'].map((id) => backend.connect().enter(context, entry(id, '2013-03-04'))),
      ]);
      const moves = (await ledger.history(context, 'AAPL')).filter(({ movedLive }) => movedLive);
      expect(moves.map(({ previousModelId }) => previousModelId)).toEqual([
        ...moves.slice(1).map(({ modelId }) => modelId),
        undefined,
      ]);
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(moves[0]);
    });

    it('puts one model in the place of another once under a name, or notes why what serves stays', async () => {
      const context = freshContext().at('2013-03-06T12:00:00.123Z');
      const replace = (from: string, to: string, runId: string) =>
        ledger.replace(context, {
          ...{ ticker: 'AAPL', horizon: 10, from, reasons: ['better'], principal: 'judge', runId },
          to: { modelId: to, kind: 'linear' },
        });
      expect(await replace('a', 'b', 'x/1')).toBeUndefined();
      await ledger.enter(context, entry('a', '2013-03-04'));
      const stayed = await replace('a', 'a', 'x/1');
      expect(stayed).toMatchObject({ modelId: 'a', previousModelId: 'a', movedLive: false, asOf: '2013-03-04' });
      expect((await ledger.production(context, 'AAPL', 10))?.runId).not.toBe('x/1');
      expect(await replace('other', 'b', 'x/2')).toBeUndefined();
      const moved = await replace('a', 'b', 'x/3');
      expect(moved).toMatchObject({ modelId: 'b', previousModelId: 'a', movedLive: true, executionId: 'x/3' });
      expect(moved).not.toHaveProperty('isRollback');
      expect(await replace('a', 'b', 'x/3')).toEqual(moved);
      expect(await ledger.production(context, 'AAPL', 10)).toEqual(moved);
      expect(await ledger.history(context, 'AAPL')).toHaveLength(3);
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      await ledger.enter(one, entry('a', '2013-03-01'));
      expect(await ledger.production(other, 'AAPL', 10)).toBeUndefined();
      expect(await ledger.history(other, 'AAPL')).toEqual([]);
      expect(await ledger.enter(other, entry('b', '2000-03-01'))).toMatchObject({ movedLive: true });
      expect((await ledger.production(one, 'AAPL', 10))?.modelId).toBe('a');
    });
  });
}
