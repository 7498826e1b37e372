import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import type { BarStore } from '../../stores/bars/bar-store.ts';
import type { LineageStore } from '../../stores/lineage/lineage-store.ts';
import { type Backend, freshContext } from './backend.ts';

const id = (digit: string) => digit.repeat(64);

function bar(date: string, close: number): Bar {
  return { ticker: 'AAPL', sector: 'T', date, open: 1, high: 9, low: 0.1 + 0.2, close, volume: 100 };
}

/** What every `LineageStore` must do, beside the bars that it speaks of. */
export function lineageStoreContract(
  name: string,
  open: () => Promise<Backend<{ readonly lineage: LineageStore; readonly bars: BarStore }>>,
): void {
  describe(`the lineage store on ${name}`, () => {
    let backend: Awaited<ReturnType<typeof open>>;
    let store: LineageStore;
    let bars: BarStore;

    beforeAll(async () => {
      backend = await open();
      ({ lineage: store, bars } = backend.connect());
    });
    afterAll(() => backend.close());

    it('keeps the datasets of each ticker and tenant, newest first, as they were entered first', async () => {
      const context = freshContext();
      const entry = (digit: string, takenAt: string, ticker = 'AAPL') => ({ id: id(digit), ticker, takenAt });
      const [old, newer, other] = [
        entry('b', '2013-03-01T12:00:00.000Z'),
        entry('a', '2013-03-02T12:00:00.123Z'),
        entry('c', '2013-03-03T12:00:00.000Z', 'MSFT'),
      ];
      for (const each of [old, newer, other, { ...old, takenAt: '2013-03-09T12:00:00.000Z' }]) {
        await store.enterDataset(context, each);
      }
      const all = { limit: 10, offset: 0 };
      expect(await store.datasets(context, 'AAPL', all)).toEqual([newer, old]);
      expect(await store.datasets(context, 'AAPL', { limit: 1, offset: 1 })).toEqual([old]);
      expect(await store.datasets(context, 'IBM', all)).toEqual([]);
      expect(await store.datasets(freshContext(), 'AAPL', all)).toEqual([]);
    });

    it('finds datasets by how their ids begin, letter by letter', async () => {
      const context = freshContext();
      const [one, two] = [`ab${'0'.repeat(62)}`, `ab${'1'.repeat(62)}`];
      for (const each of [two, one]) {
        await store.enterDataset(context, { id: each, ticker: 'AAPL', takenAt: '2013-03-01T12:00:00.000Z' });
      }
      const beginning = async (prefix: string, limit = 5) =>
        (await store.datasetsBeginning(context, prefix, limit)).map((each) => each.id);
      expect(await beginning('ab')).toEqual([one, two]);
      expect(await beginning('ab', 1)).toEqual([one]);
      expect(await beginning('ab1')).toEqual([two]);
      expect(await beginning(one)).toEqual([one]);
      expect(await beginning('a_')).toEqual([]);
      expect(await store.datasetsBeginning(freshContext(), 'ab', 5)).toEqual([]);
    });

    it('gives every version of bars and events with what brought it, and the record of that', async () => {
      const context = freshContext().at('2013-03-04T12:00:00.000Z');
      const record = (ingest: string) => ({
        id: ingest,
        source: `${ingest}.csv`,
        acceptedRows: 2,
        rejectedRows: 1,
        report: ['a row was refused'],
      });
      const split = { ticker: 'AAPL', date: '2013-03-01', kind: 'split', value: 2 } as const;
      await bars.merge(context, record('first'), [[bar('2013-02-28', 4), bar('2013-03-01', 5)]], [split]);
      context.at('2013-03-05T12:00:00.000Z');
      await bars.merge(context, record('second'), [[bar('2013-03-01', 6)]], [{ ...split, value: 3 }]);
      const learnt = { first: '2013-03-04T12:00:00.000Z', second: '2013-03-05T12:00:00.000Z' };
      const row = (date: string, version: number, close: number, ingestId: keyof typeof learnt) => ({
        ...{ date, kind: 'bar', version, values: [1, 9, 0.1 + 0.2, close, 100], ingestId },
        learntAt: learnt[ingestId],
      });
      expect(await store.versions(context, 'AAPL')).toEqual([
        row('2013-02-28', 1, 4, 'first'),
        row('2013-03-01', 1, 5, 'first'),
        row('2013-03-01', 2, 6, 'second'),
        { ...row('2013-03-01', 1, 5, 'first'), kind: 'split', values: [2] },
        { ...row('2013-03-01', 2, 6, 'second'), kind: 'split', values: [3] },
      ]);
      const { report: _, ...second } = record('second');
      expect(await store.ingests(context, ['second', 'none', 'first'])).toMatchObject([
        { id: 'first', learntAt: learnt.first },
        { ...second, learntAt: learnt.second },
      ]);
      expect(await store.ingests(context, [])).toEqual([]);
      expect(await store.versions(context, 'MSFT')).toEqual([]);
      expect(await store.versions(freshContext(), 'AAPL')).toEqual([]);
      expect(await store.ingests(freshContext(), ['first'])).toEqual([]);
    });
  });
}
