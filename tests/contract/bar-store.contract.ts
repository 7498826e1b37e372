import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent, PriceSeries, Vantage } from '../../domain/bar.ts';
import { barsOf } from '../../domain/dataset.ts';
import type { BarStore, IngestRecord } from '../../stores/bars/bar-store.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents } from '../sample-series.ts';
import { type Backend, type TestContext, freshContext } from './backend.ts';

const LATER: Vantage = { asOf: '2030-01-02', knownAt: '2030-01-02T00:00:00.000Z' };

function bar(date: string, close: number, ticker = 'AAPL', sector = 'Technology'): Bar {
  return { ticker, sector, date, open: close, high: close + 1, low: close / 2, close, volume: 1000 };
}

function ingest(id: string): IngestRecord {
  return { id, source: `${id}.csv`, acceptedRows: 2, rejectedRows: 1, report: [`line 3: what is "\0\ud800"?`] };
}

const byDate = (a: { date: string }, b: { date: string }) => (a.date < b.date ? -1 : 1);
const closes = (series: PriceSeries | undefined) => series && Array.from(series.close);

/** What every `BarStore` must do. */
export function barStoreContract(name: string, open: () => Promise<Backend<BarStore>>): void {
  describe(`the bar store on ${name}`, () => {
    let backend: Backend<BarStore>;
    let store: BarStore;

    beforeAll(async () => {
      backend = await open();
      store = backend.connect();
    });
    afterAll(() => backend.close());

    const merge = (context: TestContext, id: string, bars: readonly Bar[], events: readonly CorporateEvent[] = []) =>
      store.merge(context, ingest(id), [bars], events);

    it('knows nothing at first', async () => {
      const context = freshContext();
      expect(await store.series(context, 'AAPL', LATER)).toBeUndefined();
      expect(await store.series(context, 'AAPL', LATER, 5)).toBeUndefined();
      expect(await store.newestSession(context, 'AAPL', LATER)).toBeUndefined();
      expect(await store.events(context, 'AAPL', LATER)).toEqual([]);
      expect(await store.tickers(context)).toEqual([]);
      expect(await store.sources(context, 'AAPL', LATER.knownAt)).toEqual([]);
    });

    it('names the newest session that is seen from a vantage', async () => {
      const context = freshContext().at('2026-01-02T00:00:00.000Z');
      await merge(context, 'a', [bar('2013-02-27', 444), bar('2013-02-28', 441), bar('2013-03-01', 25, 'MSFT')]);
      const newest = (asOf: string, ticker = 'AAPL') =>
        store.newestSession(context, ticker, { asOf, knownAt: `${asOf}T23:00:00.000Z` });
      expect(await newest('2013-02-26')).toBeUndefined();
      expect(await newest('2013-02-27')).toBe('2013-02-27');
      // Learnt long after, restated still later: seen on its day nevertheless.
      await merge(context.at('2026-01-03T00:00:00.000Z'), 'b', [bar('2013-02-28', 440)]);
      expect(await newest('2013-02-28')).toBe('2013-02-28');
      expect(await newest('2030-01-02')).toBe('2013-02-28');
      expect(await newest('2030-01-02', 'MSFT')).toBe('2013-03-01');
      expect(await newest('2030-01-02', 'MSF')).toBeUndefined();
    });

    it('gives the newest bars alone when asked, each in the version that is seen', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-26', 448), bar('2013-02-27', 444), bar('2013-02-28', 441)]);
      const vantage = { asOf: '2013-03-01', knownAt: '2013-03-01T13:00:00.000Z' };
      await merge(context.at('2013-03-04T12:00:00.000Z'), 'b', [bar('2013-02-28', 440)]);
      expect(closes(await store.series(context, 'AAPL', LATER, 2))).toEqual([444, 440]);
      expect(closes(await store.series(context, 'AAPL', vantage, 2))).toEqual([444, 441]);
      expect(closes(await store.series(context, 'AAPL', { ...vantage, asOf: '2013-02-27' }, 1))).toEqual([444]);
      expect(closes(await store.series(context, 'AAPL', LATER, 9))).toEqual([448, 444, 440]);
    });

    it('gives bars back exactly, ascending by date, whatever the order and size of the batches', async () => {
      const context = freshContext();
      const odd = { open: 0.1 + 0.2, high: 1.7976931348623157e308, low: 5e-324, close: 1 / 3, volume: 2 ** 53 - 1 };
      const bars = [{ ...bar('2013-02-28', 1), ...odd }, bar('2000-03-01', 130.3125), bar('2013-03-01', 430.47)];
      async function* batches() {
        yield bars.slice(0, 1);
        yield [];
        yield bars.slice(1);
      }
      const report = await store.merge(context, ingest('a'), batches(), []);
      expect(report).toEqual({
        added: { AAPL: 3 },
        unchanged: 0,
        restated: [],
        nRestated: 0,
        eventsAdded: 0,
        eventsRestated: 0,
      });
      const series = await store.series(context, 'AAPL', LATER);
      expect(barsOf(series!)).toEqual([bars[1], bars[0], bars[2]]);
    });

    it('changes nothing when the same bytes come again', async () => {
      const context = freshContext();
      const bars = [bar('2013-02-27', 444), bar('2013-02-28', 441), bar('2013-02-28', 25, 'MSFT')];
      const split = { ticker: 'AAPL', date: '2013-02-28', kind: 'split', value: 2 } as const;
      await merge(context, 'a', bars, [split]);
      const before = await Promise.all([
        store.series(context, 'AAPL', LATER),
        store.tickers(context),
        store.sources(context, 'AAPL', LATER.knownAt),
      ]);
      context.at('2013-03-04T12:00:00.000Z');
      expect(await merge(context, 'a', bars, [split])).toEqual({
        added: {},
        unchanged: 3,
        restated: [],
        nRestated: 0,
        eventsAdded: 0,
        eventsRestated: 0,
      });
      expect(
        await Promise.all([
          store.series(context, 'AAPL', LATER),
          store.tickers(context),
          store.sources(context, 'AAPL', LATER.knownAt),
        ]),
      ).toEqual(before);
    });

    it('appends new sessions to what is known', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-27', 444), bar('2013-02-28', 441)]);
      const report = await merge(context, 'b', [bar('2013-02-28', 441), bar('2013-03-01', 430)]);
      expect(report).toMatchObject({ added: { AAPL: 1 }, unchanged: 1, nRestated: 0 });
      expect(closes(await store.series(context, 'AAPL', LATER))).toEqual([444, 441, 430]);
    });

    it('sees sessions up to the as-of date, also when they were learnt long after', async () => {
      const context = freshContext().at('2026-01-02T00:00:00.000Z');
      await merge(context, 'a', [bar('2013-02-27', 444), bar('2013-02-28', 441), bar('2013-03-01', 430)]);
      const vantage = { asOf: '2013-02-28', knownAt: '2013-02-28T23:00:00.000Z' };
      expect(closes(await store.series(context, 'AAPL', vantage))).toEqual([444, 441]);
      expect(await store.sources(context, 'AAPL', vantage.knownAt)).toHaveLength(1);
      expect(await store.series(context, 'AAPL', { ...vantage, asOf: '2013-02-26' })).toBeUndefined();
    });

    it('tells when bars or events up to a session were restated', async () => {
      const context = freshContext();
      const dividend = (value: number) => ({ ticker: 'AAPL', date: '2013-02-26', kind: 'dividend', value }) as const;
      await merge(context, 'a', [bar('2013-02-27', 444), bar('2013-02-28', 441)], [dividend(2.6)]);
      await merge(context.at('2013-03-04T12:00:00.000Z'), 'b', [bar('2013-02-28', 440), bar('2013-03-01', 430)]);
      await merge(context.at('2013-03-05T12:00:00.000Z'), 'c', [], [dividend(2.65)]);
      const restatedAt = async (upTo: string, ticker = 'AAPL') =>
        (await store.restatedAt(context, ticker, upTo)).map((instant) => instant.slice(0, 10));
      expect(await restatedAt('2013-02-25')).toEqual([]);
      expect(await restatedAt('2013-02-27')).toEqual(['2013-03-05']);
      expect(await restatedAt('2013-02-28')).toEqual(['2013-03-04', '2013-03-05']);
      expect(await restatedAt('2013-03-01', 'MSFT')).toEqual([]);
    });

    it('keeps a restatement beside what was known before, and shows each from when it was learnt', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-27', 444), bar('2013-02-28', 441)]);
      context.at('2013-03-04T09:30:00.123Z');
      const report = await merge(context, 'b', [bar('2013-02-27', 444), bar('2013-02-28', 440)]);
      expect(report).toMatchObject({
        added: {},
        unchanged: 1,
        restated: [{ ticker: 'AAPL', date: '2013-02-28' }],
        nRestated: 1,
      });
      context.at('2013-03-05T09:30:00.000Z');
      await merge(context, 'c', [bar('2013-02-28', 441)]);

      const known = async (knownAt: string) =>
        closes(await store.series(context, 'AAPL', { asOf: '2013-03-01', knownAt }));
      expect(await known('2000-01-03T00:00:00.000Z')).toEqual([444, 441]);
      expect(await known('2013-03-04T09:30:00.122Z')).toEqual([444, 441]);
      expect(await known('2013-03-04T09:30:00.123Z')).toEqual([444, 440]);
      expect(await known('2013-03-05T09:30:00.000Z')).toEqual([444, 441]);
    });

    it('counts each restated bar and names the first hundred', async () => {
      const context = freshContext();
      const dates = Array.from({ length: 120 }, (_, i) =>
        new Date(Date.UTC(2012, 0, i + 1)).toISOString().slice(0, 10),
      );
      const bars = (close: number) => dates.map((date) => bar(date, close));
      await merge(context, 'a', bars(10));
      const report = await merge(context, 'b', bars(11));
      expect(report.nRestated).toBe(120);
      expect(report.restated).toEqual(dates.slice(0, 100).map((date) => ({ ticker: 'AAPL', date })));
    });

    it("takes the newest bar's sector, and another sector for a restatement", async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-27', 444, 'AAPL', 'Computers'), bar('2013-02-28', 441)]);
      const asOf = (date: string) => store.series(context, 'AAPL', { ...LATER, asOf: date });
      expect((await asOf('2013-02-27'))?.sector).toBe('Computers');
      expect((await asOf('2013-02-28'))?.sector).toBe('Technology');
      const report = await merge(context, 'b', [bar('2013-02-28', 441, 'AAPL', 'Phones')]);
      expect(report.nRestated).toBe(1);
      expect(await store.tickers(context)).toMatchObject([{ sector: 'Phones' }]);
    });

    it('keeps events and their restatements as it keeps bars', async () => {
      const context = freshContext();
      const event = (date: string, kind: 'split' | 'dividend', value: number) => ({
        ticker: 'AAPL',
        date,
        kind,
        value,
      });
      const first = [event('2012-11-07', 'dividend', 2.65), event('2005-02-28', 'split', 2)];
      const same = [event('2005-02-28', 'dividend', 0.1), ...first];
      expect(await merge(context, 'a', [], first)).toMatchObject({ eventsAdded: 2, eventsRestated: 0 });
      context.at('2013-03-04T09:30:00.000Z');
      const report = await merge(context, 'b', [], [...same.slice(0, 1), event('2012-11-07', 'dividend', 2.7)]);
      expect(report).toMatchObject({ eventsAdded: 1, eventsRestated: 1 });

      const seen = (asOf: string, knownAt: string) => store.events(context, 'AAPL', { asOf, knownAt });
      expect(await seen('2013-03-01', '2013-03-01T00:00:00.000Z')).toEqual([
        event('2005-02-28', 'dividend', 0.1),
        event('2005-02-28', 'split', 2),
        event('2012-11-07', 'dividend', 2.65),
      ]);
      expect((await seen('2013-03-01', '2013-03-04T09:30:00.000Z')).at(-1)?.value).toBe(2.7);
      expect(await seen('2012-11-06', LATER.knownAt)).toHaveLength(2);
    });

    it('says what is held of each ticker, ascending', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-28', 25, 'MSFT', 'Software'), bar('2013-02-27', 444)]);
      await merge(context, 'b', [bar('2013-02-28', 441), bar('2013-02-27', 445)]);
      expect(await store.tickers(context)).toEqual([
        {
          ticker: 'AAPL',
          sector: 'Technology',
          sessions: 2,
          firstSession: '2013-02-27',
          lastSession: '2013-02-28',
        },
        { ticker: 'MSFT', sector: 'Software', sessions: 1, firstSession: '2013-02-28', lastSession: '2013-02-28' },
      ]);
    });

    it('names the merges that brought bars of a ticker, newest first, as known then', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-27', 444)]);
      await merge(context.at('2013-03-04T09:30:00.000Z'), 'b', [bar('2013-02-27', 443)]);
      await merge(context.at('2013-03-05T09:30:00.000Z'), 'other', [bar('2013-02-27', 25, 'MSFT')]);
      await merge(context.at('2013-03-06T09:30:00.000Z'), 'nothing-new', [bar('2013-02-27', 443)]);
      const source = (id: string, fetchedAt: string) => ({
        source: `${id}.csv`,
        fetchedAt,
        acceptedRows: 2,
        rejectedRows: 1,
      });
      const first = source('a', '2013-03-01T12:00:00.000Z');
      expect(await store.sources(context, 'AAPL', '2013-03-04T09:29:59.999Z')).toEqual([first]);
      expect(await store.sources(context, 'AAPL', LATER.knownAt)).toEqual([
        source('b', '2013-03-04T09:30:00.000Z'),
        first,
      ]);
    });

    it('changes nothing at all when a batch fails', async () => {
      const context = freshContext();
      await merge(context, 'a', [bar('2013-02-27', 444)]);
      async function* failing() {
        yield [bar('2013-02-27', 443), bar('2013-02-28', 441), bar('2013-02-28', 25, 'MSFT')];
        throw new RangeError('the file ends here');
      }
      const events = [{ ticker: 'AAPL', date: '2013-02-28', kind: 'split', value: 2 } as const];
      await expect(store.merge(context, ingest('b'), failing(), events)).rejects.toThrow('the file ends here');
      expect(closes(await store.series(context, 'AAPL', LATER))).toEqual([444]);
      expect(await store.events(context, 'AAPL', LATER)).toEqual([]);
      expect(await store.tickers(context)).toHaveLength(1);
      expect(await store.sources(context, 'AAPL', LATER.knownAt)).toHaveLength(1);
    });

    it('keeps versions straight when many processes merge at once', async () => {
      const context = freshContext();
      const merges = Array.from({ length: 8 }, (_, i) =>
        backend.connect().merge(context, ingest(`m${i}`), [[bar('2013-02-27', 400 + i), bar('2013-02-28', 441)]], []),
      );
      const reports = await Promise.all(merges);
      const added = reports.filter((report) => report.added.AAPL === 2);
      expect(added).toHaveLength(1);
      expect(reports.reduce((sum, report) => sum + report.nRestated, 0)).toBe(7);
      expect(reports.reduce((sum, report) => sum + report.unchanged, 0)).toBe(7);
      expect(await store.series(context, 'AAPL', LATER)).toMatchObject({ dates: ['2013-02-27', '2013-02-28'] });
    });

    it('holds the bundled prices and events whole', async () => {
      const context = freshContext();
      const batches = SAMPLE_TICKERS.map(sampleBars);
      const report = await store.merge(context, ingest('sample'), batches, SAMPLE_TICKERS.flatMap(sampleEvents));
      expect(report.added).toEqual(Object.fromEntries(SAMPLE_TICKERS.map((ticker, i) => [ticker, batches[i]!.length])));
      for (const ticker of SAMPLE_TICKERS) {
        expect(barsOf((await store.series(context, ticker, LATER))!)).toEqual(sampleBars(ticker).sort(byDate));
        expect(await store.events(context, ticker, LATER)).toEqual(sampleEvents(ticker).sort(byDate));
      }
    });

    it('tells when a ticker was restated, its events too, each moment once', async () => {
      const context = freshContext().at('2013-03-01T12:00:00.000Z');
      const event = { ticker: 'AAPL', date: '2013-02-07', kind: 'dividend', value: 2.65 } as const;
      await merge(
        context,
        'a',
        [bar('2013-02-26', 448), bar('2013-02-27', 444), bar('2013-02-27', 25, 'MSFT')],
        [event],
      );
      expect(await store.restatedAt(context, 'AAPL')).toEqual([]);
      await merge(context.at('2013-03-05T12:00:00.123Z'), 'c', [bar('2013-02-27', 1), bar('2013-02-26', 2)]);
      await merge(context.at('2013-03-06T12:00:00.000Z'), 'd', [bar('2013-02-28', 3)], [{ ...event, value: 2.66 }]);
      await merge(context.at('2013-03-07T12:00:00.000Z'), 'e', [bar('2013-03-01', 4), bar('2013-02-27', 5, 'MSFT')]);
      const moments = ['2013-03-05T12:00:00.123Z', '2013-03-06T12:00:00.000Z'];
      expect(await store.restatedAt(context, 'AAPL')).toEqual(moments);
      expect(await store.restatedAt(context, 'MSFT')).toEqual(['2013-03-07T12:00:00.000Z']);
      expect(await store.restatedAt(freshContext(), 'AAPL')).toEqual([]);
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      const split = { ticker: 'AAPL', date: '2013-02-28', kind: 'split', value: 2 } as const;
      await merge(one, 'a', [bar('2013-02-27', 444)], [split]);
      expect(await store.series(other, 'AAPL', LATER)).toBeUndefined();
      expect(await store.newestSession(other, 'AAPL', LATER)).toBeUndefined();
      expect(await store.events(other, 'AAPL', LATER)).toEqual([]);
      expect(await store.tickers(other)).toEqual([]);
      expect(await store.sources(other, 'AAPL', LATER.knownAt)).toEqual([]);
      expect(await merge(other, 'a', [bar('2013-02-27', 1)])).toMatchObject({ added: { AAPL: 1 } });
      expect(closes(await store.series(one, 'AAPL', LATER))).toEqual([444]);
    });
  });
}
