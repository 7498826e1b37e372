import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { type ForecastScore, outcomeOf } from '../../domain/scoring.ts';
import { garchPrices } from '../../tests/naive-forecasts.ts';
import { BEHIND_NAIVE_LEVEL, FIRST_LOOK, behindNaive } from './behind-naive.ts';
import { lossDifferential } from './live-record.ts';
import { dieboldMariano } from './statistics/index.ts';

const START = 2000;
const DAILY = 0.017;

function scoreOf(n: number, horizon: number, forecast: number, came: number): ForecastScore {
  const [originSession, targetSession] = [sessionAt(START + n), sessionAt(START + n + horizon)];
  return {
    ...{ ticker: 'W', horizon, modelId: 'm', kind: 'drift', modelVersion: 1, originSession, targetSession },
    ...outcomeOf({ logReturn: forecast, intervals: [] }, came),
    ...{ live: true, vantage: { asOf: targetSession, knownAt: `${targetSession}T22:00:00.000Z` } },
    ...{ madeAt: `${originSession}T22:00:00.000Z`, scoredAt: `${targetSession}T22:00:00.000Z` },
  };
}

/**
 * The scores of a forecast that says the same of each session of a walk whose volatility comes in clusters. `mean` is
 * the true mean of the return and `forecast` what is said of it, in standard deviations over the horizon: naive's
 * squared error is as large where the mean is half the forecast, and smaller below.
 */
function record(seed: number, horizon: number, sessions: number, mean: number, forecast: number): ForecastScore[] {
  const prices = garchPrices(seed, sessions + horizon);
  const sd = DAILY * Math.sqrt(horizon);
  return Array.from({ length: sessions }, (_, n) =>
    scoreOf(n, horizon, forecast * sd, Math.log(prices[n + horizon]! / prices[n]!) + mean * sd),
  );
}

/** The share of simulated records in which something is found. */
function share(runs: number, of: (seed: number) => ForecastScore[], test: (scores: ForecastScore[]) => boolean) {
  return Array.from({ length: runs }, (_, seed) => of(seed + 1)).filter(test).length / runs;
}

const isFlagged = (horizon: number) => (scores: ForecastScore[]) => behindNaive(scores, horizon) !== undefined;

/** Tests at every session, as who looks each day does. */
function isFlaggedByLookingDaily(scores: ForecastScore[]): boolean {
  const differential = Float64Array.from(scores, lossDifferential);
  for (let n = FIRST_LOOK; n <= scores.length; n++) {
    if (dieboldMariano(differential.subarray(0, n), 1).pWorse < BEHIND_NAIVE_LEVEL) return true;
  }
  return false;
}

describe('a live record that is as good as naive', { timeout: 300_000 }, () => {
  it.each([
    [1, 160, 0.5],
    [10, 400, 0.5],
  ])('at horizon %i over %i sessions is flagged no more often than the level says', (horizon, sessions, forecast) => {
    const as = (seed: number) => record(seed, horizon, sessions, forecast / 2, forecast);
    expect(share(300, as, isFlagged(horizon))).toBeLessThanOrEqual(BEHIND_NAIVE_LEVEL);
  });

  it('would be flagged many times as often by a test each day', () => {
    const as = (seed: number) => record(seed, 1, 160, 0.25, 0.5);
    expect(share(60, as, isFlaggedByLookingDaily)).toBeGreaterThan(3 * BEHIND_NAIVE_LEVEL);
  });
});

describe('a live record that is worse than naive', { timeout: 300_000 }, () => {
  it.each([
    [1, 160],
    [10, 1600],
  ])('by a standard deviation, at horizon %i, is flagged within %i sessions', (horizon, sessions) => {
    expect(share(30, (seed) => record(seed, horizon, sessions, 0, 1), isFlagged(horizon))).toBeGreaterThan(0.95);
  });

  it('is not looked at before there are twenty forecasts that do not overlap', () => {
    const bad = (horizon: number, n: number) => record(3, horizon, n, -1, 5);
    expect(behindNaive(bad(1, FIRST_LOOK - 1), 1)).toBeUndefined();
    expect(behindNaive(bad(1, FIRST_LOOK), 1)).toMatchObject({ n: FIRST_LOOK, level: BEHIND_NAIVE_LEVEL / 2 });
    expect(behindNaive(bad(10, 10 * FIRST_LOOK - 10), 10)).toBeUndefined();
    expect(behindNaive(bad(10, 10 * FIRST_LOOK), 10)).toMatchObject({ n: FIRST_LOOK });
  });

  it('is judged the same at every later look, and whether it is looked at daily or once', () => {
    const scores = record(5, 1, 200, 0, 0.8);
    const at = scores.map((_, n) => behindNaive(scores.slice(0, n + 1), 1));
    const first = at.findIndex((look) => look !== undefined);
    expect(first).toBeGreaterThan(0);
    expect(at[first]!.n).toBe(first + 1);
    for (const look of at.slice(first)) expect(look).toEqual(at[first]);
  });
});
