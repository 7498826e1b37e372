import { expect, it } from 'vitest';
import { type ForecastScore, outcomeOf } from '../../domain/scoring.ts';
import { addSessions } from '../../domain/calendar.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { liveRecord, onePerSession } from './live-record.ts';
import { directionalAccuracy, forecastErrors } from './metrics.ts';
import { dieboldMariano, intervalScores } from './statistics/index.ts';

const FIRST = '2013-01-02';
const CLOSES = sampleBars('AAPL')
  .filter(({ date }) => date >= FIRST)
  .map(({ close }) => close);
const HORIZON = 2;
const n = CLOSES.length - HORIZON;
const y = Float64Array.from({ length: n }, (_, t) => Math.log(CLOSES[t + HORIZON]! / CLOSES[t]!));
// Now up, now down, now neutral.
const yHat = y.map((_, t) => ((t % 3) - 1) * 0.004);
const half = 0.02;

function scoreOf(t: number, more: Partial<ForecastScore> = {}): ForecastScore {
  const [logReturn, originSession] = [yHat[t]!, addSessions(FIRST, t)];
  const intervals = [{ level: 0.8, lower: logReturn - half, upper: logReturn + half }];
  return {
    ...{ ticker: 'AAPL', horizon: HORIZON, modelId: 'm', kind: 'linear', modelVersion: 1, originSession },
    ...{ targetSession: addSessions(FIRST, t + HORIZON), madeAt: `${originSession}T22:00:00.000Z` },
    ...outcomeOf({ logReturn, intervals }, y[t]!),
    ...{ live: true, vantage: { asOf: '2013-03-01', knownAt: '2013-03-02T00:00:00.000Z' } },
    ...{ scoredAt: '2013-03-02T00:00:00.000Z' },
    ...more,
  };
}

it('says of scores what an evaluation says of the same forecasts', () => {
  const scores = Array.from(y.keys(), (t) => scoreOf(t));
  const record = liveRecord(scores, HORIZON)!;
  const naive = forecastErrors(y, new Float64Array(n));
  expect(record).toMatchObject({ n, firstOrigin: FIRST, lastOrigin: addSessions(FIRST, n - 1) });
  expect(record.rmse).toBeCloseTo(forecastErrors(y, yHat).rmse, 14);
  expect(record.rmseRatioToNaive).toBeCloseTo(forecastErrors(y, yHat).rmse / naive.rmse, 12);
  expect(record.directionalAccuracy).toBeCloseTo(directionalAccuracy(y, yHat), 14);
  expect(record.alwaysUpAccuracy).toBeCloseTo(directionalAccuracy(y, new Float64Array(n).fill(1)), 14);
  const { pBetter, pWorse } = dieboldMariano(
    y.map((outcome, t) => (outcome - yHat[t]!) ** 2 - outcome ** 2),
    HORIZON,
  );
  expect(record.pBetter).toBeCloseTo(pBetter, 10);
  expect(record.pWorse).toBeCloseTo(pWorse, 10);
  const intervals = { level: 0.8 as const, lower: yHat.map((x) => x - half), upper: yHat.map((x) => x + half) };
  const { coverage, winkler } = intervalScores(y, intervals);
  expect(record.intervals).toEqual([
    { level: 0.8, n, coverage: expect.closeTo(coverage, 14), winkler: expect.closeTo(winkler, 12) },
  ]);
  expect(coverage).toBeLessThan(1);
  expect(liveRecord([], 1)).toBeUndefined();
});

it('counts a session once, by the forecast that was made first', () => {
  const late = scoreOf(1, { modelId: 'later', madeAt: '2013-02-01T00:00:00.000Z' });
  const [first, second] = [scoreOf(0), scoreOf(1)];
  expect(onePerSession([late, second, first])).toEqual([first, second]);
  expect(onePerSession([second, late])).toEqual([second]);
  const twin = { ...second, modelId: 'a' };
  expect(onePerSession([second, twin])).toEqual([twin]);
});
