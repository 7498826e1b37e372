import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { claims } from './claims.ts';

describe('claims', () => {
  it("correct each p by Holm within the decision and by the number of the run's decisions", () => {
    const adjusted = claims([0.001, 0.03, 0.002], 8, 0.05).map(({ pAdjusted }) => pAdjusted);
    expect(adjusted[0]).toBeCloseTo(0.001 * 3 * 8, 12);
    expect(adjusted[2]).toBeCloseTo(0.002 * 2 * 8, 12);
    expect(adjusted[1]).toBeCloseTo(0.03 * 1 * 8, 12);
  });

  it('are made only below the level', () => {
    expect(claims([0.025], 2, 0.05)).toEqual([{ pAdjusted: 0.05, claimed: false }]);
    expect(claims([0.0249], 2, 0.05)[0]!.claimed).toBe(true);
    expect(claims([0.0249], 3, 0.05)[0]!.claimed).toBe(false);
  });

  it('count comparisons that failed', () => {
    expect(claims([0.04], 1, 0.05)[0]!.claimed).toBe(true);
    expect(claims([0.04, 0.9], 1, 0.05)[0]!.claimed).toBe(false);
    expect(claims([0.04, 1, 1], 1, 0.05)[0]!.pAdjusted).toBeCloseTo(0.12, 12);
  });

  it('never give a p above 1, and none for none', () => {
    expect(claims([0.5, 1], 8, 0.05)).toEqual([
      { pAdjusted: 1, claimed: false },
      { pAdjusted: 1, claimed: false },
    ]);
    expect(claims([], 8, 0.05)).toEqual([]);
  });

  it('keep false claims of a whole run below the level, also where kinds resemble each other', () => {
    const random = seededRandom(5);
    const nRuns = 4000;
    for (const alike of [false, true]) {
      let runsWithClaim = 0;
      for (let run = 0; run < nRuns; run++) {
        const decisions = Array.from({ length: 8 }, () => {
          const first = random.next();
          return claims([first, alike ? first : random.next()], 8, 0.05);
        });
        if (decisions.flat().some(({ claimed }) => claimed)) runsWithClaim++;
      }
      // Four standard errors above 5%; below 1% the correction would be far too strong.
      expect(runsWithClaim / nRuns).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / nRuns));
      expect(runsWithClaim / nRuns).toBeGreaterThan(0.01);
    }
  });
});
