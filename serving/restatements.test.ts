import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent } from '../domain/bar.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { adoptPool } from '../tests/support/adopted-pool.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { withFile } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { forecastAsOf } from './forecast-as-of.ts';
import { forecast } from './forecasting.ts';
import { lineageOf } from './lineage.ts';
import { listRestatements, showRestatement } from './restatement-answer.ts';
import { restatementEffects } from './restatement-effects.ts';
import { snapshotTicker } from './snapshots.ts';
import { takeInPrices } from './take-in-prices.ts';
import { vantageOf } from './vantages.ts';

const bars = (ticker: string) => sampleBars(ticker).filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const EARLY = '2012-12-31';
const CHANGED = ['2013-01-15', '2013-01-16', '2013-02-04'];
const cents = (value: number) => Math.round(value * 100) / 100;
const corrected = (bar: Bar) => ({ ...bar, close: bar.low, volume: bar.volume + 100 });
const halved = (bar: Bar) => ({
  ...bar,
  ...{ open: cents(bar.open / 2), high: cents(bar.high / 2), low: cents(bar.low / 2), close: cents(bar.close / 2) },
});

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

/** Takes rows in as an upload does. */
function upload(context: TestContext, rows: readonly Bar[], events: readonly CorporateEvent[] = []) {
  const lines = rows.map((b) => [b.ticker, b.sector, b.date, b.close, b.open, b.low, b.high, b.volume].join(','));
  const text = ['ticker,sector,date,close,open,low,high,volume', ...lines, ''].join('\n');
  const eventsText = events.map(({ ticker, date, kind, value }) => [ticker, date, kind, value].join(',')).join('\n');
  const files = { pricesName: 'file.csv', onBadRow: 'refuse', adjustSplits: false } as const;
  return withFile(text, (pricesPath) =>
    events.length === 0
      ? takeInPrices(on.services, context, { ...files, pricesPath })
      : withFile(`ticker,date,kind,value\n${eventsText}\n`, (eventsPath) =>
          takeInPrices(on.services, context, { ...files, pricesPath, eventsPath }),
        ),
  );
}
const train = (context: TestContext, ticker: string, horizon: Horizon, kinds: readonly string[], asOf?: string) =>
  trainDirectly(on.services, context, { ticker, horizon, kinds, ...(asOf === undefined ? {} : { asOf }) });
const effectsOf = async (context: TestContext, id: string) => {
  const found = await restatementEffects(on.services, context, (await on.services.restatements.find(context, id))!);
  return {
    datasets: found.datasets.map(({ ticker, lastSession }) => `${ticker} to ${lastSession}`).sort(),
    models: found.models.map(({ ticker, horizon, kind, asOf }) => `${ticker} ${horizon} ${kind} ${asOf}`).sort(),
    forecasts: found.forecasts.map(({ ticker, originSession }) => `${ticker} ${originSession}`).sort(),
    serving: found.serving.map(({ ticker, horizon }) => `${ticker} ${horizon}`).sort(),
  };
};

describe('the restatement alarm', () => {
  it('tells the right sessions of corrections and then of a split applied to the past, and exactly what rests on each', async () => {
    const context = freshContext().at('2013-02-23T12:00:00.000Z');
    await upload(context, [...bars('AAPL'), ...bars('IBM')]);
    // Ends before what will be changed; then two that hold it, one of them never trained on; then another ticker.
    await train(context, 'AAPL', 1, ['naive', 'drift'], EARLY);
    await train(context, 'AAPL', 1, ['naive', 'linear']);
    await snapshotTicker(on.services, context, 'AAPL', vantageOf(context, '2013-01-31'));
    await train(context, 'IBM', 1, ['naive']);
    await forecast(on.services, context, { ticker: 'AAPL', horizon: 1 });
    await forecast(on.services, context, { ticker: 'IBM', horizon: 1 });

    context.at('2013-02-24T12:00:00.000Z');
    const mended = bars('AAPL').map((bar) => (CHANGED.includes(bar.date) ? corrected(bar) : bar));
    const { restatement: first } = await upload(context, [...mended, ...bars('IBM')]);
    expect(first!.tickers).toMatchObject([
      {
        ticker: 'AAPL',
        sessions: 3,
        runs: [
          { from: '2013-01-15', to: '2013-01-16', sessions: 2 },
          { from: '2013-02-04', to: '2013-02-04', sessions: 1 },
        ],
        columns: ['close', 'volume'],
        cause: 'corrections',
        adjustments: [],
      },
    ]);
    const before = {
      datasets: ['AAPL to 2013-01-31', 'AAPL to 2013-02-22'],
      models: ['AAPL 1 linear 2013-02-22', 'AAPL 1 naive 2013-02-22'],
      forecasts: ['AAPL 2013-02-22'],
      serving: ['AAPL 1'],
    };
    expect(await effectsOf(context, first!.restatement_id)).toEqual(before);
    expect(first!.retraining).toEqual({
      how: `npx stockcast restatements retrain ${first!.restatement_id}`,
      tickers: ['AAPL'],
      run_id: null,
    });

    // Frozen after the first restatement: no part of it, but of the next.
    await train(context.at('2013-02-25T12:00:00.000Z'), 'AAPL', 1, ['naive', 'linear']);
    expect(await effectsOf(context, first!.restatement_id)).toEqual({ ...before, serving: [] });
    context.at('2013-02-26T12:00:00.000Z');
    const split = mended.map((bar) => (bar.date < '2013-02-11' ? halved(bar) : bar));
    const { restatement: second } = await upload(context, split);
    const nHalved = split.filter(({ date }) => date < '2013-02-11').length;
    expect(second!.tickers).toMatchObject([
      {
        ticker: 'AAPL',
        sessions: nHalved,
        runs: [{ from: '2012-06-01', to: '2013-02-08', sessions: nHalved }],
        cause: 'split',
        adjustments: [{ ex_date: '2013-02-11', kind: 'split', value: 2 }],
        corrections: 0,
      },
    ]);
    expect(second!.tickers[0]!.max_change).toBeCloseTo(0.5, 3);
    expect(second!.tickers[0]!.summary).toContain('as if adjusted by a 2:1 split on 2013-02-11');
    const all = await effectsOf(context, second!.restatement_id);
    expect(all.datasets).toEqual([
      'AAPL to 2012-12-31',
      'AAPL to 2013-01-31',
      'AAPL to 2013-02-22',
      'AAPL to 2013-02-22',
    ]);
    expect(all.models).toHaveLength(6);
    expect(all.serving).toEqual(['AAPL 1']);

    const listed = await listRestatements(on.services, context, { limit: 10 });
    expect(listed.restatements.map(({ restatement_id: id }) => id)).toEqual([
      second!.restatement_id,
      first!.restatement_id,
    ]);
    expect((await listRestatements(on.services, context, { ticker: 'IBM', limit: 10 })).restatements).toEqual([]);
    expect(on.services.alarm.counts).toMatchObject({ sessions: 3 + nHalved });
    await expect(showRestatement(on.services, context, 'none')).rejects.toMatchObject({ code: 'RESTATEMENT_UNKNOWN' });
  });

  it('lists what pooled models and those who adopted them rest on, of other tickers too', async () => {
    const context = freshContext().at('2013-02-23T12:00:00.000Z');
    await upload(context, [...bars('AAPL'), ...bars('IBM'), ...bars('MSFT')]);
    for (const ticker of ['IBM', 'MSFT']) await train(context, ticker, 10, ['naive']);
    const pool = new ThreadedTrainingPool(1);
    try {
      const request = { tickers: ['IBM', 'AAPL'], horizon: 10, kind: 'pooled-linear' };
      await adoptPool(on.services, pool, context, request);
    } finally {
      await pool.close();
    }
    context.at('2013-02-24T12:00:00.000Z');
    const { restatement } = await upload(
      context,
      bars('AAPL')
        .filter(({ date }) => date === '2013-02-04')
        .map(corrected),
    );
    expect(await effectsOf(context, restatement!.restatement_id)).toEqual({
      datasets: ['AAPL to 2013-02-22'],
      models: ['IBM 10 pooled-linear 2013-02-22', 'pool 10 pooled-linear 2013-02-22'],
      forecasts: [],
      serving: [],
    });
    expect(restatement!.retraining.how).toBeNull();
  });

  it('is silent about new sessions, another sector and the same again, and tells of events', async () => {
    const context = freshContext().at('2013-02-23T12:00:00.000Z');
    const known = bars('MSFT');
    const dividend = (value: number): CorporateEvent => ({
      ticker: 'MSFT',
      date: '2012-11-13',
      kind: 'dividend',
      value,
    });
    expect((await upload(context, known.slice(0, -10), [dividend(0.23)])).restatement).toBeNull();
    await snapshotTicker(on.services, context, 'MSFT', vantageOf(context, '2012-10-31'));
    await snapshotTicker(on.services, context, 'MSFT', vantageOf(context));
    context.at('2013-02-24T12:00:00.000Z');
    expect((await upload(context, known, [dividend(0.23)])).restatement).toBeNull();
    expect(
      (
        await upload(
          context,
          known.map((bar) => ({ ...bar, sector: 'Other' })),
        )
      ).restatement,
    ).toBeNull();
    const late: CorporateEvent = { ticker: 'MSFT', date: '2013-01-07', kind: 'split', value: 2 };
    const { restatement } = await upload(context, known.slice(-1), [dividend(0.25), late]);
    expect(restatement!.tickers).toMatchObject([
      {
        cause: 'events',
        sessions: 0,
        events: [
          { date: '2012-11-13', kind: 'dividend', before: 0.23, after: 0.25 },
          { date: '2013-01-07', kind: 'split', before: null, after: 2 },
        ],
      },
    ]);
    expect((await effectsOf(context, restatement!.restatement_id)).datasets).toEqual(['MSFT to 2013-02-07']);
  });

  it('lists forecasts that looked at what it changed, though their model learnt from none of it', async () => {
    const context = freshContext().at('2012-12-31T23:00:00.000Z');
    const known = bars('IBM');
    const upTo = (last: string) => known.filter(({ date }) => date <= last);
    await upload(context, upTo(EARLY));
    await train(context, 'IBM', 1, ['naive', 'linear']);
    const linear = { ticker: 'IBM', horizon: 1, kind: 'linear' };
    for (const last of ['2013-01-14', '2013-01-18']) {
      await upload(context.at(`${last}T23:00:00.000Z`), upTo(last));
      await forecast(on.services, context, linear);
    }
    const { restatement } = await upload(
      context.at('2013-01-20T12:00:00.000Z'),
      upTo('2013-01-18').map((bar) => (bar.date === '2013-01-15' ? corrected(bar) : bar)),
    );
    const id = restatement!.restatement_id;
    // Knows the new value; and as of a day before it was learnt, the old one.
    await upload(
      context.at('2013-01-22T23:00:00.000Z'),
      known.filter(({ date }) => date === '2013-01-22'),
    );
    await forecast(on.services, context, linear);
    await forecastAsOf(on.services, context, { ...linear, asOf: '2013-01-17' });
    await forecastAsOf(on.services, context, { ...linear, asOf: '2013-01-14' });
    await forecastAsOf(on.services, context, { ...linear, asOf: '2013-01-21' });
    const { datasets, models, forecasts } = await effectsOf(context, id);
    expect({ datasets, models }).toEqual({ datasets: [], models: [] });
    expect(forecasts).toEqual(['IBM 2013-01-17', 'IBM 2013-01-18']);
    const { affected } = await showRestatement(on.services, context, id);
    for (const { forecast_id: each } of affected!.forecasts) {
      expect(await lineageOf(on.services, context, each)).toMatchObject({ kind: 'forecast', missing: [] });
    }
  });

  it('does not list what it restores, whatever was frozen between', async () => {
    const context = freshContext().at('2013-02-20T12:00:00.000Z');
    const known = bars('GOOG').filter(({ date }) => date <= '2013-02-19');
    await upload(context, known);
    await snapshotTicker(on.services, context, 'GOOG', vantageOf(context));
    const wrong = known.map((bar) => (bar.date === '2013-02-04' ? corrected(bar) : bar));
    await upload(context.at('2013-02-21T12:00:00.000Z'), wrong);
    const { manifest } = await snapshotTicker(on.services, context, 'GOOG', vantageOf(context));
    const { restatement } = await upload(context.at('2013-02-22T12:00:00.000Z'), known);
    expect(restatement!.affected!.datasets.map(({ dataset_id: id }) => id)).toEqual([manifest.id]);
  });
});
