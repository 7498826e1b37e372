import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import type { Forecast } from '../../domain/forecast.ts';
import { type BehindNaive, type ForecastScore, outcomeOf } from '../../domain/scoring.ts';
import type { BarStore } from '../../stores/bars/bar-store.ts';
import type { ForecastStore } from '../../stores/forecasts/forecast-store.ts';
import type { Ledger } from '../../stores/ledger/ledger.ts';
import type { ScoreStore } from '../../stores/scores/score-store.ts';
import { type Backend, type TestContext, freshContext } from './backend.ts';

/** A store of scores beside the stores of what is scored. */
export interface ScoredStores {
  readonly scores: ScoreStore;
  readonly forecasts: ForecastStore;
  readonly bars: BarStore;
  readonly ledger: Ledger;
}

const NOON = '2013-03-01T12:00:00.000Z';
const LATER = '2013-03-04T12:00:00.000Z';
const VANTAGE = { asOf: '2013-03-04', knownAt: LATER };

const forecast: Forecast = {
  ...{ ticker: 'AAPL', horizon: 1, modelId: 'model-1', kind: 'linear', modelVersion: 3 },
  ...{ originSession: '2013-02-27', targetSession: '2013-02-28', currentPrice: 430.47, logReturn: 0.1 + 0.2 },
  intervals: [
    { level: 0.8, lower: -1 / 3, upper: 1 / 3 },
    { level: 0.95, lower: -0.7, upper: 1.1 },
  ],
  ...{ confidence: 1 / 3, directionProbability: 2 / 3, notes: [], madeAt: '2013-02-27T21:00:00.123Z' },
};

function scoreOf(of: Forecast, came: number, more: Partial<ForecastScore> = {}): ForecastScore {
  const { ticker, horizon, modelId, kind, modelVersion, originSession, targetSession, madeAt } = of;
  return {
    ...{ ticker, horizon, modelId, kind, modelVersion, originSession, targetSession, madeAt },
    ...outcomeOf(of, came),
    ...{ live: true, vantage: VANTAGE, scoredAt: LATER },
    ...more,
  };
}

const bar = (ticker: string, date: string): Bar => ({
  ...{ ticker, date, sector: 'T', open: 10, high: 10, low: 10, close: 10, volume: 1 },
});

const place = ({ ticker, horizon, originSession, modelId }: Forecast | ForecastScore) => ({
  ...{ ticker, horizon, originSession, modelId },
});

const found: BehindNaive = {
  ...{ ticker: 'AAPL', horizon: 1, kind: 'linear', modelId: 'model-1', servesSince: NOON },
  ...{ n: 20, rmseRatioToNaive: 1 / 3, p: 1e-9, level: 0.005, foundAt: LATER },
};

/** What every `ScoreStore` must do. */
export function scoreStoreContract(name: string, open: () => Promise<Backend<ScoredStores>>): void {
  describe(`the score store on ${name}`, () => {
    let backend: Backend<ScoredStores>;
    let stores: ScoredStores;

    beforeAll(async () => {
      backend = await open();
      stores = backend.connect();
    });
    afterAll(() => backend.close());

    const learn = (context: TestContext, ...bars: Bar[]) =>
      stores.bars.merge(
        context,
        { id: `i-${bars[0]!.date}`, source: 's', acceptedRows: 1, rejectedRows: 0, report: [] },
        [bars],
        [],
      );
    const unscored = async (context: TestContext, more: object = {}) =>
      (await stores.scores.unscored(context, { asOf: '2013-03-04', limit: 10, ...more })).map(
        ({ forecast: each }) => `${each.ticker} ${each.horizon} ${each.originSession} ${each.modelId}`,
      );

    it('gives back exactly what was entered', async () => {
      const context = freshContext();
      await stores.forecasts.save(context, forecast);
      const score = scoreOf(forecast, 0.1 + 0.7, { live: false });
      expect(await stores.scores.enter(context, [score])).toEqual([place(score)]);
      expect(await stores.scores.ofTicker(context, 'AAPL')).toEqual([score]);
      expect(await stores.scores.ofTicker(context, 'AAPL', { horizon: 1, kind: 'linear' })).toEqual([score]);
      expect(await stores.scores.ofTicker(context, 'AAPL', { horizon: 2 })).toEqual([]);
      expect(await stores.scores.ofTicker(context, 'AAPL', { kind: 'naive' })).toEqual([]);
      expect(await stores.scores.ofTicker(context, 'MSFT')).toEqual([]);
      expect(await stores.scores.enter(context, [])).toEqual([]);
    });

    it('enters a score once, whoever comes with another', async () => {
      const context = freshContext();
      const neutral = { ...forecast, modelId: 'model-2', logReturn: 0 };
      for (const each of [forecast, neutral]) await stores.forecasts.save(context, each);
      const first = scoreOf(forecast, 0.01);
      await stores.scores.enter(context, [first]);
      const more = scoreOf(neutral, 0.01);
      expect(await stores.scores.enter(context, [scoreOf(forecast, 0.5, { scoredAt: NOON }), more])).toEqual([
        place(more),
      ]);
      expect(await stores.scores.ofTicker(context, 'AAPL')).toEqual([first, more]);
      expect(more.directionRight).toBeNull();
    });

    it('lets one of many who enter it at once do so', async () => {
      const context = freshContext();
      await stores.forecasts.save(context, forecast);
      const entered = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          backend.connect().scores.enter(context, [scoreOf(forecast, (i + 1) / 100)]),
        ),
      );
      expect(entered.flat()).toHaveLength(1);
      const winner = entered.findIndex((each) => each.length === 1);
      expect(await stores.scores.ofTicker(context, 'AAPL')).toEqual([scoreOf(forecast, (winner + 1) / 100)]);
    });

    it('finds what has matured and has no score, in order, page by page', async () => {
      const context = freshContext();
      const line: Forecast[] = [
        forecast,
        { ...forecast, modelId: 'model-2' },
        { ...forecast, originSession: '2013-02-28', targetSession: '2013-03-01' },
        { ...forecast, horizon: 2, targetSession: '2013-03-01' },
        { ...forecast, ticker: 'MSFT', modelId: 'model-9' },
      ];
      for (const each of line) await stores.forecasts.save(context, each);
      expect(await unscored(context)).toEqual([]);
      await learn(context.at(NOON), bar('AAPL', '2013-02-28'), bar('MSFT', '2013-03-04'));
      expect(await unscored(context)).toEqual(['AAPL 1 2013-02-27 model-1', 'AAPL 1 2013-02-27 model-2']);
      // The one whose session was skipped waits for it, whatever came after.
      await learn(context.at(LATER), bar('AAPL', '2013-03-01'), bar('MSFT', '2013-02-28'));
      const all = [
        'AAPL 1 2013-02-27 model-1',
        'AAPL 1 2013-02-27 model-2',
        'AAPL 1 2013-02-28 model-1',
        'AAPL 2 2013-02-27 model-1',
        'MSFT 1 2013-02-27 model-9',
      ];
      expect(await unscored(context)).toEqual(all);
      expect(await unscored(context, { after: place(line[1]!), limit: 2 })).toEqual(all.slice(2, 4));
      expect(await unscored(context, { ticker: 'MSFT' })).toEqual(all.slice(4));
      expect(await unscored(context, { asOf: '2013-02-28' })).toEqual([...all.slice(0, 2), all[4]]);
      expect(await stores.scores.countUnscored(context, { asOf: '2013-03-04' })).toBe(5);
      expect(await stores.scores.countUnscored(context, { asOf: '2013-02-28', ticker: 'AAPL' })).toBe(2);
      const matured = await stores.scores.unscored(context, { asOf: '2013-03-04', limit: 10 });
      // The outcome of the last could be told from a later close before its own came.
      expect(matured.map(({ outcomeLearntAt }) => outcomeLearntAt)).toEqual([NOON, NOON, LATER, LATER, NOON]);
      expect(matured[0]!.forecast).toEqual(forecast);
      await stores.scores.enter(context, [scoreOf(line[0]!, 0), scoreOf(line[4]!, 0)]);
      expect(await unscored(context)).toEqual(all.slice(1, 4));
    });

    it('adds up what is live, by kind and horizon', async () => {
      const context = freshContext();
      const second = {
        ...forecast,
        ticker: 'MSFT',
        modelId: 'model-2',
        logReturn: 0,
        intervals: [forecast.intervals[1]!],
      };
      const third = { ...forecast, originSession: '2013-02-28', targetSession: '2013-03-01' };
      const naive = { ...forecast, modelId: 'model-3', kind: 'naive', horizon: 10, intervals: [], logReturn: 0 };
      for (const each of [forecast, second, third, naive]) await stores.forecasts.save(context, each);
      await stores.scores.enter(context, [
        scoreOf(forecast, 0.5),
        scoreOf(second, -0.1),
        scoreOf(third, 0.5, { live: false }),
        scoreOf(naive, 0.25),
      ]);
      expect(await stores.scores.liveTallies(context)).toEqual([
        {
          ...{ kind: 'linear', horizon: 1, n: 2, directed: 1, right: 1 },
          squaredErrors: expect.closeTo(0.2 ** 2 + 0.1 ** 2, 12),
          naiveSquaredErrors: expect.closeTo(0.5 ** 2 + 0.1 ** 2, 12),
          intervals: [
            { level: 0.8, n: 1, inside: 0 },
            { level: 0.95, n: 2, inside: 2 },
          ],
        },
        {
          ...{ kind: 'naive', horizon: 10, n: 1, directed: 0, right: 0, intervals: [] },
          ...{ squaredErrors: 0.0625, naiveSquaredErrors: 0.0625 },
        },
      ]);
    });

    it('keeps a flag once, until another kind has served', async () => {
      const context = freshContext().at(LATER);
      await stores.scores.flag(context, found);
      await stores.scores.flag(context, { ...found, n: 40 });
      const other = { ...found, ticker: 'MSFT', servesSince: LATER };
      await stores.scores.flag(context, other);
      expect(await stores.scores.flags(context)).toEqual([found, other]);
      const promote = (kind: string, ticker: string) =>
        stores.ledger.enter(context, {
          ...{ ticker, horizon: 1, asOf: '2013-03-04', modelId: `${kind}-new`, kind, reasons: [], principal: 'p' },
          ...{ runId: `${kind}/${ticker}`, executionId: `${kind}/${ticker}`, live: true },
        });
      await promote('linear', 'AAPL');
      expect(await stores.scores.flags(context)).toEqual([found, other]);
      await promote('naive', 'AAPL');
      expect(await stores.scores.flags(context)).toEqual([other]);
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      for (const context of [one, other]) await stores.forecasts.save(context, forecast);
      await learn(one.at(NOON), bar('AAPL', '2013-02-28'));
      await stores.scores.enter(one, [scoreOf(forecast, 0)]);
      await stores.scores.flag(one, found);
      expect(await unscored(other)).toEqual([]);
      expect(await stores.scores.ofTicker(other, 'AAPL')).toEqual([]);
      expect(await stores.scores.liveTallies(other)).toEqual([]);
      expect(await stores.scores.flags(other)).toEqual([]);
    });
  });
}
