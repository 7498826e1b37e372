import { describe, expect, it } from 'vitest';
import type { BenchReport, Figure } from '../figure.ts';
import { gateBench } from './gate.ts';
import { figuresOf, verdictOn, wilsonInterval } from './gate-figures.ts';
import { judgeUniverse, type Outcome } from './gate-universe.ts';

const outcome = (horizon: number, rest: Partial<Outcome> = {}): Outcome => ({
  forecaster: 'stockcast',
  horizon,
  claimed: false,
  promoted: false,
  pValue: 0.5,
  r2: -0.01,
  ...rest,
});

/** Successes, trials and the bounds by statsmodels 0.15's proportion_confint(method='wilson'). */
const STATSMODELS = [
  [10, 200, 0.027382645600763922, 0.089578148138776],
  [0, 200, 0, 0.01884532637726658],
  [5, 5, 0.5655175352168252, 1],
];

describe('the figures on the gate', () => {
  it('count universes with any claim once, and decisions by horizon', () => {
    const judged = {
      signalR2: 0,
      forecaster: 'stockcast' as const,
      universes: [
        [outcome(1, { claimed: true, pValue: 0.001, promoted: true, r2: 0.07 }), outcome(10, { claimed: true })],
        [outcome(1, { pValue: 0.049 }), outcome(10, { promoted: true })],
        [outcome(1, { pValue: 0.05 }), outcome(10)],
        [outcome(1), outcome(10)],
      ],
    };
    const [low, high] = wilsonInterval(1, 4);
    const values = figuresOf(judged).map((figure) => [`${figure.case} ${figure.metric}`, figure.value]);
    expect(values).toEqual([
      ['random walk universes_claiming', 25],
      ['random walk claiming_low', low * 100],
      ['random walk claiming_high', high * 100],
      ['random walk/h1 claimed', 25],
      ['random walk/h1 promoted', 25],
      ['random walk/h1 uncorrected', 50],
      ['random walk/h1 best_r2', 1],
      ['random walk/h10 claimed', 25],
      ['random walk/h10 promoted', 25],
      ['random walk/h10 uncorrected', 0],
      ['random walk/h10 best_r2', -1],
    ]);
    const claiming = (n: number, of: number) => [
      ...Array.from({ length: n }, () => judged.universes[0]!),
      ...Array.from({ length: of - n }, () => judged.universes[3]!),
    ];
    const verdict = (n: number, of: number) =>
      verdictOn({ ...judged, forecaster: 'faint', universes: claiming(n, of) });
    expect(verdict(10, 200)).toBe('faint: 10 of 200 random-walk universes with a false claim, 5% at most: kept.');
    expect(verdict(12, 200)).toContain('5% at most: missed, by no more than chance explains.');
    expect(verdict(40, 200)).toContain('5% at most: BROKEN.');
  });

  it("come with Wilson's interval", () => {
    for (const [successes, n, low, high] of STATSMODELS) {
      expect(wilsonInterval(successes!, n!)).toEqual([expect.closeTo(low!, 10), expect.closeTo(high!, 10)]);
    }
  });
});

describe('a universe judged', () => {
  it('gives nothing away on a random walk, least of all to one who knows that there is nothing', () => {
    const walk = { seed: 2, nTickers: 2, nSessions: 700, signalR2: 0 };
    const outcomes = judgeUniverse(walk);
    expect(judgeUniverse(walk)).toEqual(outcomes);
    expect(outcomes).toHaveLength(2 * 2 * 3);
    expect(outcomes.filter(({ claimed }) => claimed)).toEqual([]);
    for (const each of outcomes.filter(({ forecaster }) => forecaster === 'oracle')) {
      expect(each).toMatchObject({ promoted: false, pValue: 1, r2: 0 });
    }
  });

  it('shows a signal that is strong to all of them at the horizon where it lies', () => {
    const outcomes = judgeUniverse({ seed: 2, nTickers: 1, nSessions: 1200, signalR2: 0.2 });
    const r2 = (forecaster: string) => outcomes.find((each) => each.forecaster === forecaster && each.horizon === 1)!;
    expect(r2('oracle')).toMatchObject({ claimed: true, promoted: true });
    expect(r2('oracle').r2).toBeGreaterThan(0.12);
    expect(r2('oracle').r2).toBeLessThan(0.28);
    expect(r2('stockcast')).toMatchObject({ claimed: true, promoted: true });
    expect(r2('stockcast').r2).toBeLessThan(r2('oracle').r2);
    expect(r2('faint').r2).toBeGreaterThan(0);
    expect(r2('faint').r2).toBeLessThan(0.02);
  });
});

describe('the bench', () => {
  it('gives every figure for the universes and subjects asked for', { timeout: 120_000 }, async () => {
    const figures: Figure[] = [];
    const notes: string[] = [];
    const report: BenchReport = {
      figure: (each) => figures.push(each),
      note: (each) => notes.push(each),
      progress: () => undefined,
    };
    await gateBench.run({ repetitions: 1, full: false, universes: 1, subjects: ['stockcast', 'oracle'] }, report);
    // 4 signals, 2 subjects, 3 + 2 x 4 metrics.
    expect(figures).toHaveLength(88);
    expect(new Set(figures.map(({ subject }) => subject))).toEqual(new Set(['stockcast', 'oracle']));
    expect(new Set(figures.map((figure) => figure.case.split('/')[0]))).toEqual(
      new Set(['random walk', 'planted R2 0.5%', 'planted R2 1%', 'planted R2 2%']),
    );
    expect(figures.every(({ value }) => Number.isFinite(value))).toBe(true);
    expect(notes[0]).toMatch(/^stockcast: [01] of 1 random-walk universes with a false claim/);
  });
});
