import { beforeAll, describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent, PriceSeries } from '../../domain/bar.ts';
import { sessionsBetween } from '../../domain/calendar.ts';
import { barsOf } from '../../domain/dataset.ts';
import type { BarStore, IngestRecord } from '../../stores/bars/bar-store.ts';
import { SAMPLE_TICKERS, sampleBars } from '../sample-series.ts';
import { contextOf } from './context.ts';

const MONDAY = '2013-03-04T12:00:00.000Z';
const TUESDAY = '2013-03-05T12:00:00.000Z';
const WEDNESDAY = '2013-03-06T12:00:00.000Z';
const NEWEST = { asOf: '2099-12-31', knownAt: '2099-12-31T00:00:00.000Z' };

const bar = (ticker: string, date: string, close = 100, sector = 'Technology'): Bar => ({
  ticker,
  sector,
  date,
  open: close,
  high: close,
  low: close,
  close,
  volume: 1000,
});

let ingests = 0;
const ingest = (id = `ingest-${++ingests}`): IngestRecord => ({
  id,
  source: `${id}.csv`,
  acceptedRows: 3,
  rejectedRows: 1,
  report: ['line 4: "µ", "\\", {1,2} and NULL'],
});

/** Numbers whose last bit is easily lost, in plausible and implausible sizes. */
function exactPrices(n: number): number[] {
  let state = 1n;
  return Array.from({ length: n }, (_, i) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number(state) / 2 ** (i % 90) + Number.MIN_VALUE;
  });
}

/** What every store of bars must do, whatever it is made of. Each test takes tenants of its own. */
export function barStoreContract(open: () => Promise<BarStore>): void {
  describe('a bar store', () => {
    let store: BarStore;
    beforeAll(async () => {
      store = await open();
    });

    it('knows nothing at first', async () => {
      const context = contextOf('nobody');
      expect(await store.series(context, 'AAPL', NEWEST)).toBeUndefined();
      expect(await store.events(context, 'AAPL', NEWEST)).toEqual([]);
      expect(await store.tickers(context)).toEqual([]);
      expect(await store.sources(context, 'AAPL', NEWEST.knownAt)).toEqual([]);
    });

    it('gives bars back to the last bit, ascending by date, in whatever order and batches they came', async () => {
      const context = contextOf('exact');
      const dates = sessionsBetween('2000-01-03', '2001-12-31');
      const prices = exactPrices(dates.length * 5);
      const bars = dates.map((date, i) => {
        const [open, high, low, close, volume] = prices.slice(i * 5) as [number, number, number, number, number];
        return { ticker: 'AAPL', sector: 'Health "care", {x}, \\ and µ', date, open, high, low, close, volume };
      });
      const shuffled = [...bars].reverse();
      await store.merge(context, ingest(), [shuffled.slice(0, 7), [], shuffled.slice(7)], []);
      const series = (await store.series(context, 'AAPL', NEWEST))!;
      expect(barsOf(series)).toEqual(bars);
      expect(series.open).toBeInstanceOf(Float64Array);
    });

    it('reports what a merge added, by ticker', async () => {
      const context = contextOf('added');
      const report = await store.merge(
        context,
        ingest(),
        [[bar('AAPL', '2013-03-01'), bar('MSFT', '2013-02-28')], [bar('MSFT', '2013-03-01')]],
        [{ ticker: 'AAPL', date: '2013-02-07', kind: 'dividend', value: 2.65 }],
      );
      expect(report).toEqual({
        added: { AAPL: 1, MSFT: 2 },
        unchanged: 0,
        restated: [],
        nRestated: 0,
        eventsAdded: 1,
        eventsRestated: 0,
      });
      expect(await store.tickers(context)).toEqual([
        { ticker: 'AAPL', sector: 'Technology', sessions: 1, firstSession: '2013-03-01', lastSession: '2013-03-01' },
        { ticker: 'MSFT', sector: 'Technology', sessions: 2, firstSession: '2013-02-28', lastSession: '2013-03-01' },
      ]);
    });

    it('is not changed by what it knows already', async () => {
      const context = contextOf('again');
      const bars = sampleBars('MSFT').slice(-100);
      const events: CorporateEvent[] = [{ ticker: 'MSFT', date: '2013-02-19', kind: 'dividend', value: 0.23 }];
      await store.merge(context, ingest('the-file'), [bars], events);
      const before = await everything(store, 'again', 'MSFT');
      const later = contextOf('again', TUESDAY);
      const report = await store.merge(later, ingest('the-file'), [bars.slice(50), bars.slice(0, 50)], events);
      expect(report).toMatchObject({ added: {}, unchanged: 100, nRestated: 0, eventsAdded: 0, eventsRestated: 0 });
      expect(await everything(store, 'again', 'MSFT')).toEqual(before);
    });

    it('appends new sessions to those it knows', async () => {
      const context = contextOf('append');
      const bars = sampleBars('IBM').slice(-30);
      await store.merge(context, ingest(), [bars.slice(0, 20)], []);
      const report = await store.merge(context, ingest(), [bars.slice(10)], []);
      expect(report).toMatchObject({ added: { IBM: 10 }, unchanged: 10, nRestated: 0 });
      expect(barsOf((await store.series(context, 'IBM', NEWEST))!)).toEqual(bars);
    });

    it('keeps restatements, seen from when they were learnt on', async () => {
      const dates = ['2013-02-27', '2013-02-28', '2013-03-01'];
      const closes = (series: PriceSeries | undefined) => [...(series?.close ?? [])];
      await store.merge(contextOf('restated', MONDAY), ingest(), [dates.map((date) => bar('AAPL', date, 100))], []);
      const report = await store.merge(contextOf('restated', TUESDAY), ingest(), [[bar('AAPL', dates[1]!, 101)]], []);
      expect(report).toMatchObject({
        added: {},
        unchanged: 0,
        restated: [{ ticker: 'AAPL', date: dates[1] }],
        nRestated: 1,
      });
      // Back to the first values: a restatement too.
      await store.merge(contextOf('restated', WEDNESDAY), ingest(), [[bar('AAPL', dates[1]!, 100)]], []);

      const context = contextOf('restated');
      const seen = (knownAt: string, asOf = '2013-03-01') => store.series(context, 'AAPL', { asOf, knownAt });
      expect(closes(await seen(MONDAY))).toEqual([100, 100, 100]);
      expect(closes(await seen('2013-03-05T11:59:59.999Z'))).toEqual([100, 100, 100]);
      expect(closes(await seen(TUESDAY))).toEqual([100, 101, 100]);
      expect(closes(await seen(WEDNESDAY))).toEqual([100, 100, 100]);
      // First versions count as known from their session on, although they were learnt years later.
      expect(closes(await seen('2000-01-01T00:00:00.000Z'))).toEqual([100, 100, 100]);
      expect(closes(await seen(TUESDAY, '2013-02-28'))).toEqual([100, 101]);
      expect(await seen(TUESDAY, '2013-02-26')).toBeUndefined();
    });

    it('takes a changed volume or sector for a restatement as well', async () => {
      const first = bar('AAPL', '2013-03-01');
      await store.merge(contextOf('fields', MONDAY), ingest(), [[first]], []);
      const changes = [{ volume: 1001 }, { sector: 'Health' }, { open: 99 }, { high: 101 }, { low: 98 }, { close: 99 }];
      for (const change of changes) {
        const changed = { ...first, ...change };
        const { nRestated } = await store.merge(contextOf('fields', TUESDAY), ingest(), [[changed]], []);
        expect(nRestated, JSON.stringify(change)).toBe(1);
        expect(barsOf((await store.series(contextOf('fields'), 'AAPL', NEWEST))!)).toEqual([changed]);
        await store.merge(contextOf('fields', TUESDAY), ingest(), [[first]], []);
      }
    });

    it('counts all restatements and shows the first hundred', async () => {
      const dates = sessionsBetween('2012-01-03', '2012-12-31').slice(0, 130);
      const bars = (close: number) => dates.map((date) => bar('AAPL', date, close));
      await store.merge(contextOf('many'), ingest(), [bars(1)], []);
      const report = await store.merge(contextOf('many', TUESDAY), ingest(), [bars(2)], []);
      expect(report.nRestated).toBe(130);
      expect(report.restated).toEqual(dates.slice(0, 100).map((date) => ({ ticker: 'AAPL', date })));
    });

    it('keeps events likewise: by ex-date, restatements from when they were learnt', async () => {
      const event = (date: string, kind: CorporateEvent['kind'], value: number) => ({
        ticker: 'MSFT',
        date,
        kind,
        value,
      });
      const context = contextOf('events', MONDAY);
      await store.merge(
        context,
        ingest(),
        [],
        [event('2013-02-19', 'dividend', 0.23), event('2003-02-18', 'split', 2)],
      );
      await store.merge(context, ingest(), [], [event('2003-02-18', 'dividend', 0.08)]);
      const corrected = [event('2013-02-19', 'dividend', 0.24)];
      const report = await store.merge(contextOf('events', TUESDAY), ingest(), [], corrected);
      expect(report).toMatchObject({ eventsAdded: 0, eventsRestated: 1 });

      const seen = (asOf: string, knownAt: string) => store.events(context, 'MSFT', { asOf, knownAt });
      expect(await seen('2013-03-01', MONDAY)).toEqual([
        event('2003-02-18', 'dividend', 0.08),
        event('2003-02-18', 'split', 2),
        event('2013-02-19', 'dividend', 0.23),
      ]);
      expect((await seen('2013-03-01', TUESDAY)).at(-1)).toEqual(event('2013-02-19', 'dividend', 0.24));
      expect(await seen('2013-02-18', TUESDAY)).toHaveLength(2);
      expect(await seen('2003-02-17', TUESDAY)).toEqual([]);
      expect(await store.events(context, 'AAPL', NEWEST)).toEqual([]);
    });

    it('keeps tenants apart', async () => {
      await store.merge(contextOf('one'), ingest('shared-id'), [[bar('AAPL', '2013-03-01', 1)]], []);
      const event: CorporateEvent = { ticker: 'AAPL', date: '2013-02-07', kind: 'dividend', value: 2.65 };
      await store.merge(contextOf('two'), ingest('shared-id'), [[bar('AAPL', '2013-02-28', 2)]], [event]);
      expect(await everything(store, 'one', 'AAPL')).toMatchObject({
        bars: [{ date: '2013-03-01', close: 1 }],
        events: [],
        tickers: [{ sessions: 1, firstSession: '2013-03-01' }],
      });
      expect(await everything(store, 'two', 'AAPL')).toMatchObject({
        bars: [{ date: '2013-02-28', close: 2 }],
        events: [event],
        tickers: [{ sessions: 1, firstSession: '2013-02-28' }],
      });
      expect((await everything(store, 'two', 'AAPL')).sources).toHaveLength(1);
    });

    it('changes nothing when a batch cannot be had', async () => {
      const context = contextOf('broken');
      async function* batches() {
        yield [bar('AAPL', '2013-02-28'), bar('MSFT', '2013-02-28')];
        throw new RangeError('the file ended too soon');
      }
      const events: CorporateEvent[] = [{ ticker: 'AAPL', date: '2013-02-07', kind: 'dividend', value: 2.65 }];
      await expect(store.merge(context, ingest(), batches(), events)).rejects.toThrow('the file ended too soon');
      expect(await everything(store, 'broken', 'AAPL')).toEqual({ bars: [], events: [], tickers: [], sources: [] });
    });

    it('summarises each ticker with the sector of its newest session', async () => {
      const context = contextOf('summary');
      await store.merge(context, ingest(), [[bar('IBM', '2013-02-28', 1, 'New'), bar('AAPL', '2013-02-28')]], []);
      await store.merge(context, ingest(), [[bar('IBM', '2013-02-01', 1, 'Old')]], []);
      expect(await store.tickers(context)).toEqual([
        { ticker: 'AAPL', sector: 'Technology', sessions: 1, firstSession: '2013-02-28', lastSession: '2013-02-28' },
        { ticker: 'IBM', sector: 'New', sessions: 2, firstSession: '2013-02-01', lastSession: '2013-02-28' },
      ]);
      await store.merge(contextOf('summary', TUESDAY), ingest(), [[bar('IBM', '2013-02-28', 2, 'Renamed')]], []);
      expect((await store.tickers(context)).at(-1)).toMatchObject({ sector: 'Renamed', sessions: 2 });
    });

    it('names the merges that brought what can be seen of a ticker, newest first', async () => {
      const source = (record: IngestRecord, fetchedAt: string) => ({
        source: record.source,
        fetchedAt,
        acceptedRows: 3,
        rejectedRows: 1,
      });
      const [first, second, correction, other] = [ingest(), ingest(), ingest(), ingest()];
      await store.merge(contextOf('sources', MONDAY), first, [[bar('AAPL', '2013-02-28')]], []);
      await store.merge(contextOf('sources', TUESDAY), second, [[bar('AAPL', '2013-03-01')]], []);
      await store.merge(contextOf('sources', WEDNESDAY), correction, [[bar('AAPL', '2013-02-28', 99)]], []);
      await store.merge(contextOf('sources', WEDNESDAY), other, [[bar('MSFT', '2013-03-01')]], []);
      const context = contextOf('sources');
      expect(await store.sources(context, 'AAPL', WEDNESDAY)).toEqual([
        source(correction, WEDNESDAY),
        source(second, TUESDAY),
        source(first, MONDAY),
      ]);
      expect(await store.sources(context, 'AAPL', TUESDAY)).toEqual([source(second, TUESDAY), source(first, MONDAY)]);
    });

    it('keeps versions straight when many merge the same sessions at once', async () => {
      const dates = sessionsBetween('2012-06-01', '2012-12-31');
      const start = Date.parse(MONDAY);
      const at = (i: number) => new Date(start + i * 60_000).toISOString();
      const reports = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          store.merge(contextOf('crowd', at(i)), ingest(), [dates.map((date) => bar('AAPL', date, 100 + i))], []),
        ),
      );
      // One of them was first, all others restated what they found.
      expect(reports.filter((report) => report.added.AAPL === dates.length)).toHaveLength(1);
      expect(reports.reduce((sum, report) => sum + report.nRestated, 0)).toBe(7 * dates.length);
      const series = (await store.series(contextOf('crowd'), 'AAPL', NEWEST))!;
      expect(series.dates).toEqual(dates);
      expect(new Set(series.close).size).toBe(1);
      expect(await store.tickers(contextOf('crowd'))).toMatchObject([{ sessions: dates.length }]);
    });

    it('lets many merge the same file at once, of whom one changes something', async () => {
      const bars = sampleBars('GOOG').slice(0, 500);
      const record = ingest();
      const reports = await Promise.all(
        Array.from({ length: 6 }, () => store.merge(contextOf('stampede'), record, [bars], [])),
      );
      expect(reports.map((report) => report.added.GOOG ?? 0).sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, 500]);
      expect(reports.reduce((sum, report) => sum + report.nRestated, 0)).toBe(0);
      expect((await everything(store, 'stampede', 'GOOG')).bars).toEqual(bars);
    });

    it('holds the bundled prices whole', async () => {
      const context = contextOf('sample');
      const bars = SAMPLE_TICKERS.flatMap(sampleBars);
      await store.merge(context, ingest(), batchesOf(bars, 2048), []);
      for (const ticker of SAMPLE_TICKERS) {
        expect(barsOf((await store.series(context, ticker, NEWEST))!)).toEqual(
          sampleBars(ticker).sort((a, b) => (a.date < b.date ? -1 : 1)),
        );
      }
    });
  });
}

async function everything(store: BarStore, tenant: string, ticker: string) {
  const context = contextOf(tenant);
  const series = await store.series(context, ticker, NEWEST);
  return {
    bars: series === undefined ? [] : barsOf(series),
    events: await store.events(context, ticker, NEWEST),
    tickers: await store.tickers(context),
    sources: await store.sources(context, ticker, NEWEST.knownAt),
  };
}

function* batchesOf(bars: readonly Bar[], size: number): Generator<Bar[]> {
  for (let from = 0; from < bars.length; from += size) yield bars.slice(from, from + size);
}
