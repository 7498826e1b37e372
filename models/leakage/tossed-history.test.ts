import { describe, expect, it } from 'vitest';
import { sampleSeries } from '../../tests/sample-series.ts';
import { seededRandom } from '../random.ts';
import { tossDirections } from './tossed-history.ts';

const series = sampleSeries('AAPL');
const world = tossDirections(series, seededRandom(5));
const move = (prices: Float64Array, t: number) => Math.log(prices[t]! / prices[t - 1]!);
const sessions = [...series.dates.keys()].slice(1);
const mirrored = sessions.filter((t) => move(world.close, t) * move(series.adjustedClose, t) < 0);

describe('a history of tossed directions', () => {
  it('starts at the same price and keeps dates, volumes and the size of every move, splits taken out', () => {
    expect(world).toMatchObject({ ticker: 'AAPL', sector: series.sector, dates: series.dates });
    expect(world.volume).toEqual(series.adjustedVolume);
    expect(world.volume).not.toBe(series.adjustedVolume);
    expect(world.close[0]).toBe(series.adjustedClose[0]);
    for (const t of sessions) {
      expect(Math.abs(move(world.close, t))).toBeCloseTo(Math.abs(move(series.adjustedClose, t)), 10);
    }
  });

  it('mirrors half of the sessions, whatever the one before', () => {
    const share = mirrored.length / sessions.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(3 / Math.sqrt(sessions.length));
    const isMirrored = new Set(mirrored);
    const pairs = mirrored.filter((t) => isMirrored.has(t + 1)).length;
    expect(Math.abs(pairs / sessions.length - 0.25)).toBeLessThan(0.05);
  });

  it("mirrors the session's course with its return, so that highs stay above lows", () => {
    const isMirrored = new Set(mirrored);
    for (const t of sessions) {
      if (move(series.adjustedClose, t) === 0) continue;
      const sign = isMirrored.has(t) ? -1 : 1;
      const toClose = (prices: Float64Array, close: Float64Array) => Math.log(prices[t]! / close[t]!);
      const [high, low] = sign > 0 ? [series.high, series.low] : [series.low, series.high];
      expect(toClose(world.open, world.close)).toBeCloseTo(sign * toClose(series.open, series.close), 10);
      expect(toClose(world.high, world.close)).toBeCloseTo(sign * toClose(high, series.close), 10);
      expect(toClose(world.low, world.close)).toBeCloseTo(sign * toClose(low, series.close), 10);
      expect(world.high[t]).toBeGreaterThanOrEqual(world.low[t]!);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    expect(tossDirections(series, seededRandom(5))).toEqual(world);
    expect(tossDirections(series, seededRandom(6)).close).not.toEqual(world.close);
  });
});
