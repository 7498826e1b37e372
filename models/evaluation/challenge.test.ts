import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { DEFAULT_RULE } from '../../domain/experiment.ts';
import { garchPrices } from '../../tests/naive-forecasts.ts';
import { seededRandom } from '../random.ts';
import { type PairedLosses, lookAt } from './challenge.ts';
import { doublingLooks, looksAt, withoutOverlap } from './planned-looks.ts';

const START = 2000;
const DAILY = 0.017;
const { looks, alpha } = DEFAULT_RULE;

/**
 * Pairs of two forecasts of the sessions of a walk whose volatility comes in clusters. Each is off by noise of its own, in
 * standard deviations of the return over the horizon, and the champion besides by a bias.
 */
function pairs(seed: number, horizon: number, sessions: number, noise: number, bias = 0): PairedLosses[] {
  const prices = garchPrices(seed, sessions + horizon);
  const random = seededRandom(seed + 10_000);
  const sd = DAILY * Math.sqrt(horizon);
  const off = () => (random.next() - 0.5) * Math.sqrt(12) * noise * sd;
  return Array.from({ length: sessions }, (_, n) => {
    const came = Math.log(prices[n + horizon]! / prices[n]!);
    return {
      originSession: sessionAt(START + n),
      champion: (off() + bias * sd - came) ** 2,
      challenger: (off() - came) ** 2,
    };
  });
}

/** Which of the looks planned by default decides, and how. */
function verdict(all: readonly PairedLosses[], horizon: number): 'better' | 'worse' | 'neither' {
  const apart = withoutOverlap(all, horizon);
  for (const planned of looksAt(looks, alpha)) {
    const { pBetter, pWorse, level } = lookAt(apart, planned);
    if (pBetter < level) return 'better';
    if (pWorse < level) return 'worse';
  }
  return 'neither';
}

function share(runs: number, of: (seed: number) => 'better' | 'worse' | 'neither', what: string): number {
  return Array.from({ length: runs }, (_, seed) => of(seed + 1)).filter((found) => found === what).length / runs;
}

describe('a challenger', { timeout: 300_000 }, () => {
  it.each([
    [1, 160, 400],
    [5, 800, 200],
  ])('as good as the champion is promoted at horizon %i no more often than alpha says', (horizon, sessions, runs) => {
    const found = (seed: number) => verdict(pairs(seed, horizon, sessions, 0.5), horizon);
    expect(share(runs, found, 'better')).toBeLessThanOrEqual(alpha);
    expect(share(runs, found, 'worse')).toBeLessThanOrEqual(alpha);
  });

  it('as good as the champion would be promoted more often by who looks at every pair', () => {
    const everyTime = (seed: number) => {
      const all = pairs(seed, 1, 160, 0.5);
      const ever = all.some((_, n) => n >= 19 && lookAt(all, { n: n + 1, level: alpha }).pBetter < alpha);
      return ever ? 'better' : 'neither';
    };
    expect(share(100, everyTime, 'better')).toBeGreaterThan(2 * alpha);
  });

  it('that is clearly better is found, and so is one that is clearly worse', () => {
    const better = (seed: number) => verdict(pairs(seed, 1, 160, 0.2, 0.8), 1);
    expect(share(60, better, 'better')).toBeGreaterThan(0.9);
    const swapped = (seed: number) =>
      verdict(
        pairs(seed, 1, 160, 0.2, 0.8).map(({ originSession, champion, challenger }) => ({
          ...{ originSession, champion: challenger, challenger: champion },
        })),
        1,
      );
    expect(share(60, swapped, 'worse')).toBeGreaterThan(0.9);
  });

  it('that says the same as the champion is neither', () => {
    const same = pairs(1, 1, 160, 0.2).map((pair) => ({ ...pair, challenger: pair.champion }));
    expect(verdict(same, 1)).toBe('neither');
    expect(lookAt(same, { n: 20, level: 0.05 })).toEqual({ n: 20, rmseRatio: 1, pBetter: 1, pWorse: 1, level: 0.05 });
  });
});

describe('planned looks', () => {
  it('spend alpha in all, the later ones more', () => {
    const levels = looksAt([20, 40, 80, 160], 0.08).map(({ level }) => level);
    expect(levels.map((level) => Number(level.toFixed(12)))).toEqual([0.01, 0.01, 0.02, 0.04]);
    expect(looksAt([30], 0.05)).toEqual([{ n: 30, level: 0.05 }]);
  });

  it('without end spend their level in all', () => {
    let spent = 0;
    for (const { n, level } of doublingLooks(20, 0.01)) {
      spent += level;
      if (n > 1e9) break;
    }
    expect(spent).toBeLessThan(0.01);
    expect(spent).toBeGreaterThan(0.0095);
  });
});
