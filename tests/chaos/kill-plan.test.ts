import { describe, expect, it } from 'vitest';
import { VICTIMS, killPlan } from './kill-plan.ts';

const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

describe('a plan of kills', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(killPlan(7, 20)).toEqual(killPlan(7, 20));
    expect(killPlan(8, 20)).not.toEqual(killPlan(7, 20));
  });

  it('kills everything once before anything twice, in the order of the run and before its last part', () => {
    for (const seed of SEEDS) {
      const plan = killPlan(seed, 8);
      expect(plan).toHaveLength(8);
      expect(
        plan
          .slice(0, VICTIMS.length)
          .map(({ victim }) => victim)
          .sort(),
      ).toEqual([...VICTIMS].sort());
      const times = plan.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      for (const at of times) expect(at >= 0 && at < 0.9).toBe(true);
    }
  });

  it('begins with any of them', () => {
    expect(new Set(SEEDS.map((seed) => killPlan(seed, 5)[0]!.victim))).toEqual(new Set(VICTIMS));
  });
});
