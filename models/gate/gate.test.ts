import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { DEFAULT_THRESHOLDS, type GateVerdict } from '../../domain/gate.ts';
import type { OutOfSampleForecasts } from '../evaluation/out-of-sample.ts';
import { seededRandom } from '../random.ts';
import type { Contender } from './contender.ts';
import { decide, type GateInput } from './gate.ts';

const FIRST = 3000;
const random = seededRandom(11);
/** What happened from `FIRST` on, and noise that has nothing to do with it. */
const OUTCOMES = Float64Array.from({ length: 4000 }, () => (random.next() - 0.5) / 10);
const NOISE = Float64Array.from({ length: 4000 }, () => (random.next() - 0.5) / 10);

interface Made {
  readonly n?: number;
  /** Which of the days from `FIRST` on there are; by default the first `n`. */
  readonly days?: readonly number[];
  readonly yHat: (y: number, day: number) => number;
  readonly drift?: (y: number, day: number) => number;
  /** How many of the outcomes lie inside the 80% intervals. */
  readonly nInside?: number;
}

function made({ n = 300, days = Array.from({ length: n }, (_, day) => day), ...rest }: Made): OutOfSampleForecasts {
  const { yHat, drift = () => 0.01, nInside = days.length * 0.8 } = rest;
  const y = Float64Array.from(days, (day) => OUTCOMES[day]!);
  const of = (forecast: (y: number, day: number) => number) =>
    Float64Array.from(days, (day, i) => forecast(y[i]!, day));
  // Touching a border is inside; what lies outside does so below and above in turn.
  const beyond = (i: number) => (i < nInside ? 0 : 0.1);
  const lower = y.map((outcome, i) => (i % 2 === 0 ? outcome + beyond(i) : outcome - 1));
  const upper = y.map((outcome, i) => (i % 2 === 0 ? outcome + 1 : outcome - beyond(i)));
  const wide = { level: 0.95 as const, lower: y.map(() => -9), upper: y.map(() => 9) };
  return {
    dates: days.map((day) => sessionAt(FIRST + day)),
    ordinals: Int32Array.from(days, (day) => FIRST + day),
    y,
    yHat: of(yHat),
    naive: new Float64Array(days.length),
    drift: of(drift),
    intervals: [wide, { level: 0.8, lower, upper }],
    constantWidth: [],
  };
}

const clean = { passed: true, checks: [{ name: 'perturbed-future', passed: true, detail: 'bit-identical' }] };
const candidate = (
  kind: string,
  forecasts: OutOfSampleForecasts,
  leakage: Contender['leakage'] = clean,
): Contender => ({
  kind,
  modelId: `id-${kind}`,
  role: 'candidate',
  forecasts,
  leakage,
});
const baselines = (forecasts: OutOfSampleForecasts): Contender[] => [
  { ...candidate('naive', { ...forecasts, yHat: forecasts.naive }), role: 'baseline' },
  { ...candidate('drift', { ...forecasts, yHat: forecasts.drift }), role: 'baseline' },
];
/** Wins by a little on most days. */
const skilled = (y: number) => y * 0.1;
/** Wins by less than chance would often give. */
const lucky = (y: number, day: number) => NOISE[day]! * 0.1 + y * 0.012;

function run(candidates: readonly Contender[], input: Partial<GateInput> = {}) {
  const decision = decide({
    horizon: 1,
    contenders: [...baselines(candidates[0]?.forecasts ?? made({ yHat: () => 0 })), ...candidates],
    thresholds: DEFAULT_THRESHOLDS,
    nTickers: 4,
    nHorizons: 2,
    ...input,
  });
  const of = (kind: string) => decision.verdicts.find((verdict) => verdict.kind === kind)!;
  return { decision, of, reasons: (kind: string) => of(kind).reasons.join('\n') };
}
const refusals = ({ reasons }: GateVerdict) => reasons.filter((reason) => reason.startsWith('Refused'));

describe('the gate', () => {
  it('promotes the best candidate that passes, with its figures in words', () => {
    const good = made({ yHat: skilled });
    const { decision, of } = run([candidate('linear', made({ yHat: (y) => y * 0.05 })), candidate('lstm', good)]);
    expect(decision).toMatchObject({ kind: 'lstm', modelId: 'id-lstm', fallback: false });
    expect(decision.verdicts.map(({ kind, stage }) => [kind, stage])).toEqual([
      ['naive', 'development'],
      ['drift', 'development'],
      ['linear', 'staging'],
      ['lstm', 'production'],
    ]);
    const { rmse } = of('lstm').comparisons.naive;
    const span = `${sessionAt(FIRST)} to ${sessionAt(FIRST + 299)}`;
    expect(of('lstm').reasons).toEqual([
      `Judged on 300 days, ${span}.`,
      'Checked for leakage by perturbed-future.',
      `Its RMSE of ${rmse.toPrecision(4)} is 10.0% below naive's.`,
      `Its RMSE of ${rmse.toPrecision(4)} is ${((1 - of('lstm').comparisons.drift.rmseRatio) * 100).toFixed(1)}% below drift's.`,
      'No champion to compare with.',
      'Its 80% intervals held 80% of the outcomes; within 4 points of 80% is asked for.',
      'Beats naive: Diebold-Mariano p < 0.0001, p < 0.0001 when corrected for 2 kinds x 8 decisions of this run.',
      'Promoted: the lowest of 2 that passed, by RMSE on 300 days in common.',
    ]);
    expect(of('linear').reasons.at(-1)).toBe(
      'Passed, but lstm is better: 5.3% below its own, by RMSE on 300 days in common.',
    );
    expect(of('naive').reasons).toEqual(['A baseline: others are measured against it.']);
    expect(decision.summary).toBe(
      "lstm serves: RMSE 10.0% below naive's on 300 days; it beats naive (corrected p < 0.0001).",
    );
    expect(of('lstm')).toMatchObject({ passed: true, beatsNaive: true, coverage80: 0.8 });
    expect(of('lstm').comparisons.naive).toMatchObject({ nDays: 300 });
    expect(of('naive')).toMatchObject({ passed: false, beatsNaive: false, pValue: 1, pAdjusted: 1, coverage80: 0.8 });
    expect(of('drift').comparisons.drift.rmseRatio).toBe(1);
    expect(of('drift').comparisons.naive.rmseRatio).toBeGreaterThan(1);
  });

  it('is plain JSON, and equal for equal input', () => {
    const input = [candidate('linear', made({ yHat: skilled }))];
    const champion = { kind: 'lstm', modelId: 'old', forecasts: made({ yHat: lucky }) };
    const { decision } = run(input, { champion });
    expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
    expect(run(input, { champion }).decision).toEqual(decision);
  });

  it('lets naive serve when every candidate is refused, and when there is none', () => {
    const worse = run([candidate('linear', made({ yHat: (y) => -y * 0.1 }))]);
    expect(worse.decision).toMatchObject({ kind: 'naive', modelId: 'id-naive', fallback: true });
    expect(worse.of('naive')).toMatchObject({ stage: 'production', passed: false });
    expect(worse.of('naive').reasons).toEqual([
      'Promoted, as the one candidate was refused. Its 80% intervals held 80% of the outcomes.',
    ]);
    expect(worse.decision.summary).toBe('naive serves with its calibrated interval: the one candidate was refused.');
    expect(worse.of('linear').stage).toBe('development');
    const two = run([
      candidate('linear', made({ yHat: (y) => -y })),
      candidate('lstm', made({ yHat: (y) => -y })),
    ]).decision;
    expect(two.summary).toBe('naive serves with its calibrated interval: all 2 candidates were refused.');
    const none = run([]).decision;
    expect(none).toMatchObject({ kind: 'naive', fallback: true });
    expect(none.summary).toBe('naive serves with its calibrated interval: there was no candidate.');
  });

  it('says that what it promotes is not shown to beat naive where it is not', () => {
    const { decision, of } = run([candidate('linear', made({ yHat: lucky }))]);
    expect(of('linear').pValue).toBeGreaterThan(0.01);
    expect(decision).toMatchObject({ kind: 'linear', fallback: false });
    expect(of('linear').beatsNaive).toBe(false);
    expect(decision.summary).toMatch(/; it is not shown to beat naive \(corrected p = [\d.]+\)\.$/);
    expect(of('linear').reasons.at(-1)).toBe('Promoted: the only candidate that passed.');
  });
});

describe('a refusal', () => {
  it('follows leakage, whatever the forecasts are worth, and claims nothing', () => {
    const found = { name: 'shuffled-labels', passed: false, detail: 'R2 of 0.2 on noise' };
    const alsoFound = { name: 'session-gaps', passed: false, detail: 'row 3 spans one' };
    const two = run([candidate('linear', made({ yHat: skilled }), { passed: false, checks: [found, alsoFound] })]);
    expect(refusals(two.of('linear'))).toEqual([
      'Refused: leakage found by shuffled-labels (R2 of 0.2 on noise), session-gaps (row 3 spans one).',
    ]);
    const checked = { passed: true, checks: [...clean.checks, { ...found, passed: true }] };
    expect(run([candidate('linear', made({ yHat: skilled }), checked)]).of('linear').reasons[1]).toBe(
      'Checked for leakage by perturbed-future, shuffled-labels.',
    );
    const leaky = [
      { passed: false, checks: [...clean.checks, found] },
      { passed: true, checks: [found, ...clean.checks] },
    ];
    for (const leakage of leaky) {
      const { decision, of } = run([candidate('linear', made({ yHat: skilled }), leakage)]);
      expect(decision.fallback).toBe(true);
      expect(refusals(of('linear'))).toEqual(['Refused: leakage found by shuffled-labels (R2 of 0.2 on noise).']);
      expect(of('linear')).toMatchObject({ passed: false, beatsNaive: false, stage: 'development' });
      expect(of('linear').pAdjusted).toBeLessThan(0.05);
      expect(of('linear').reasons).toHaveLength(6);
    }
    const unchecked = run([candidate('linear', made({ yHat: skilled }), { passed: true, checks: [] })]).of('linear');
    expect(refusals(unchecked)).toEqual(['Refused: nothing was checked for leakage.']);
    expect(unchecked.beatsNaive).toBe(false);
    const failed = run([candidate('linear', made({ yHat: skilled }), { ...clean, passed: false })]).of('linear');
    expect(refusals(failed)).toEqual(['Refused: the leakage gate failed, with no check that says why.']);
  });

  it('follows a ratio to naive above 1.000, and not one of exactly that', () => {
    // As far off as naive on every day, on the other side.
    const equal = run([candidate('linear', made({ yHat: (y) => 2 * y }))]);
    expect(equal.of('linear').comparisons.naive.rmseRatio).toBe(1);
    expect(equal.decision.kind).toBe('linear');
    expect(equal.reasons('linear')).toContain("is equal to naive's.");
    const above = run([candidate('linear', made({ yHat: (y, day) => (day === 17 ? 2.001 * y : 2 * y) }))]);
    expect(refusals(above.of('linear'))).toHaveLength(1);
    expect(refusals(above.of('linear'))[0]).toMatch(
      /^Refused: its RMSE of 0\.0\d+ is 0\.0000\d% above naive's; the ratio may be 1\.000 at most\.$/,
    );
    expect(above.decision.fallback).toBe(true);
  });

  it('follows a ratio to drift above 1.000, and not one of exactly that', () => {
    const better = run([candidate('linear', made({ yHat: skilled, drift: (y) => y * 0.1001 }))]);
    expect(refusals(better.of('linear'))).toHaveLength(1);
    expect(refusals(better.of('linear'))[0]).toMatch(/^Refused: .* is 0\.01% above drift's; the ratio may be 1\.000/);
    const equal = run([candidate('linear', made({ yHat: skilled, drift: skilled }))]);
    expect(equal.decision.kind).toBe('linear');
    expect(equal.of('linear').comparisons.drift).toEqual({
      nDays: 300,
      rmse: equal.of('linear').comparisons.naive.rmse,
      rmseRatio: 1,
    });
  });

  it('reads the largest ratio from the thresholds', () => {
    const thresholds = { ...DEFAULT_THRESHOLDS, maxRatio: 1.2 };
    const { of } = run([candidate('linear', made({ yHat: (y) => -y * 0.1, drift: () => 0 }))], { thresholds });
    expect(refusals(of('linear'))).toEqual([]);
    const strict = run([candidate('linear', made({ yHat: skilled }))], {
      thresholds: { ...thresholds, maxRatio: 0.5 },
    });
    expect(refusals(strict.of('linear'))).toHaveLength(2);
    expect(refusals(strict.of('linear'))[0]).toContain('may be 0.500 at most');
  });

  it.each([
    { nInside: 252, passes: true },
    { nInside: 253, passes: false },
    { nInside: 228, passes: true },
    { nInside: 227, passes: false },
  ])('follows 80% coverage off by more than 4 points: $nInside of 300 inside', ({ nInside, passes }) => {
    const { of } = run([candidate('linear', made({ yHat: skilled, nInside }))]);
    expect(of('linear').coverage80).toBe(nInside / 300);
    expect(of('linear').passed).toBe(passes);
    const held = `its 80% intervals held ${Math.round((nInside / 300) * 10_000) / 100}% of the outcomes`;
    expect(refusals(of('linear'))).toEqual(passes ? [] : [`Refused: ${held}; within 4 points of 80% is asked for.`]);
  });

  it.each([
    { horizon: 1, n: 252, needed: 252 },
    { horizon: 10, n: 252, needed: 252 },
    { horizon: 11, n: 275, needed: 275 },
  ])('follows fewer than $needed days at horizon $horizon', ({ horizon, n, needed }) => {
    const enough = run([candidate('linear', made({ n, yHat: skilled }))], { horizon }).of('linear');
    expect(enough.passed).toBe(true);
    expect(enough.reasons[0]).toMatch(/^Judged on /);
    const short = run([candidate('linear', made({ n: n - 1, yHat: skilled }))], { horizon });
    expect(refusals(short.of('linear'))).toEqual([
      `Refused: only ${n - 1} days, ${sessionAt(FIRST)} to ${sessionAt(FIRST + n - 2)}, where ${needed} are needed to judge.`,
    ]);
    expect(short.of('linear')).toMatchObject({ pValue: 1, pAdjusted: 1, beatsNaive: false });
    expect(short.of('linear').comparisons.naive).not.toHaveProperty('dieboldMariano');
    expect(short.of('linear').reasons).toHaveLength(6);
  });

  it('follows forecasts that equal naive, which are not better than it', () => {
    const { decision, of } = run([
      candidate('lstm', made({ yHat: () => 0 })),
      candidate('linear', made({ yHat: () => -0 })),
    ]);
    expect(decision.fallback).toBe(true);
    for (const kind of ['lstm', 'linear']) {
      expect(refusals(of(kind))).toEqual([
        'Refused: equal to naive: it forecasts no change on every day, so there is nothing that it does better.',
      ]);
      expect(of(kind)).toMatchObject({ passed: false, pValue: 1, beatsNaive: false });
      expect(of(kind).comparisons.naive.rmseRatio).toBe(1);
    }
    // A single day makes it a forecast of its own.
    const once = run([candidate('lstm', made({ yHat: (y, day) => (day === 200 ? y : 0) }))]);
    expect(once.decision.kind).toBe('lstm');
  });

  it('names every point on which a candidate fails', () => {
    const bad = made({ n: 100, yHat: (y) => -y, drift: () => 0, nInside: 50 });
    const leakage = { passed: false, checks: [{ name: 'session-gaps', passed: false, detail: 'row 3 spans one' }] };
    expect(refusals(run([candidate('linear', bad, leakage)]).of('linear'))).toHaveLength(5);
  });
});

describe('the champion', () => {
  const old = (forecasts: OutOfSampleForecasts) => ({ kind: 'forest', modelId: 'old', forecasts });

  it('is not replaced by what is significantly worse, at the p of the thresholds', () => {
    const champion = old(made({ yHat: (y) => y * 0.2 }));
    const { decision, of } = run([candidate('linear', made({ yHat: skilled }))], { champion });
    expect(decision.fallback).toBe(true);
    expect(refusals(of('linear'))).toEqual([
      'Refused: significantly worse than the champion: its RMSE is 12.5% above that of the champion, forest, on 300 days (Diebold-Mariano p < 0.0001).',
    ]);
    const close = old(made({ yHat: (y, day) => y * 0.1 + NOISE[day]! * 0.02 }));
    const at = (championWorseP: number) =>
      run([candidate('linear', made({ yHat: skilled }))], {
        champion: close,
        thresholds: { ...DEFAULT_THRESHOLDS, championWorseP },
      }).of('linear');
    const { pWorse } = at(0.05).comparisons.champion!.dieboldMariano!;
    expect(at(pWorse).passed).toBe(true);
    expect(at(pWorse * 1.000001).passed).toBe(false);
    expect(at(pWorse).reasons[4]).toMatch(/^Not significantly worse than the champion: its RMSE is .*, forest, on 300/);
  });

  it('is replaced by what is better', () => {
    const { decision, of } = run([candidate('linear', made({ yHat: (y) => y * 0.2 }))], {
      champion: old(made({ yHat: skilled })),
    });
    expect(decision.kind).toBe('linear');
    expect(of('linear').comparisons.champion!.dieboldMariano!.pBetter).toBeLessThan(0.001);
    expect(of('linear').comparisons.champion!.rmseRatio).toBeCloseTo(0.8 / 0.9, 12);
    expect(of('linear').reasons[4]).toContain('11.1% below that of the champion, forest, on 300 days');
  });

  it('may be the very model that is judged', () => {
    const same = made({ yHat: skilled });
    const { decision, of } = run([candidate('forest', same)], {
      champion: { kind: 'forest', modelId: 'id-forest', forecasts: same },
    });
    expect(decision).toMatchObject({ kind: 'forest', modelId: 'id-forest' });
    expect(of('forest').comparisons.champion).toEqual({
      nDays: 300,
      rmse: of('forest').comparisons.naive.rmse,
      rmseRatio: 1,
    });
    expect(of('forest').reasons[4]).toBe(
      'Not found worse than the champion: its RMSE is equal to that of the champion, forest, on 300 days.',
    );
  });

  it('is compared on the days that both forecast, session by session', () => {
    // Right where the contender forecast nothing, equal to it elsewhere: only common days make them equal.
    const odd = Array.from({ length: 300 }, (_, i) => 2 * i + 1);
    const champion = old(made({ n: 601, yHat: (y, day) => (day % 2 === 1 ? y * 0.1 : y) }));
    const { of } = run([candidate('linear', made({ days: odd, yHat: skilled }))], { champion });
    expect(of('linear').comparisons.champion).toEqual({
      nDays: 300,
      rmse: of('linear').comparisons.naive.rmse,
      rmseRatio: 1,
    });
  });

  it('cannot hold a candidate up on days that are too few', () => {
    const contender = candidate('linear', made({ yHat: skilled }));
    const from = (first: number) =>
      run([contender], {
        champion: old(made({ days: Array.from({ length: 400 }, (_, i) => first + i), yHat: (y) => y })),
      });
    expect(from(48).of('linear').passed).toBe(false);
    expect(from(48).of('linear').comparisons.champion!.nDays).toBe(252);
    const few = from(49);
    expect(few.decision.kind).toBe('linear');
    expect(few.of('linear').comparisons.champion!.nDays).toBe(251);
    expect(few.reasons('linear')).toContain('Not found worse than the champion: its RMSE is 99999900.0% above');
    const none = from(300);
    expect(none.of('linear').comparisons).not.toHaveProperty('champion');
    expect(none.of('linear').reasons[4]).toBe('Not compared with the champion, forest, which has no day in common.');
    expect(none.decision.kind).toBe('linear');
  });
});

describe('the choice among candidates that pass', () => {
  it('is made on the days that all of them forecast', () => {
    // On the first 100 days, which only the first has, it is perfect; on the others it is the worse.
    const early = made({ n: 500, yHat: (y, day) => (day < 100 ? y : y * 0.15) });
    const late = made({ days: Array.from({ length: 400 }, (_, i) => 100 + i), yHat: (y) => y * 0.2 });
    const { decision, of } = run([candidate('forest', early), candidate('lstm', late)]);
    expect(of('forest').comparisons.naive.rmseRatio).toBeLessThan(of('lstm').comparisons.naive.rmseRatio);
    expect(decision.kind).toBe('lstm');
    expect(of('forest').reasons.at(-1)).toBe(
      'Passed, but lstm is better: 5.9% below its own, by RMSE on 400 days in common.',
    );
    expect(of('forest').stage).toBe('staging');
  });

  it('falls back on the ratio to naive where such days are too few', () => {
    const early = made({ n: 300, yHat: (y) => y * 0.1 });
    const late = made({ days: Array.from({ length: 300 }, (_, i) => 49 + i), yHat: (y) => y * 0.2 });
    const { decision, of } = run([candidate('forest', early), candidate('lstm', late)]);
    expect(decision.kind).toBe('lstm');
    expect(of('lstm').reasons.at(-1)).toBe(
      "Promoted: the lowest of 2 that passed, by RMSE over naive's on their own days, as 251 days in common are too few.",
    );
    const enough = made({ days: Array.from({ length: 300 }, (_, i) => 48 + i), yHat: (y) => y * 0.2 });
    expect(run([candidate('forest', early), candidate('lstm', enough)]).reasons('lstm')).toContain(
      '252 days in common',
    );
  });

  it('goes to the first of equals, and never to one that was refused', () => {
    const same = made({ yHat: skilled });
    const { decision, of } = run([
      candidate('cheat', made({ yHat: (y) => y * 0.9 }), { passed: false, checks: [] }),
      candidate('linear', same),
      candidate('forest', same),
    ]);
    expect(decision.kind).toBe('linear');
    expect(of('forest').reasons.at(-1)).toBe(
      'Passed, but linear is as good and comes first, by RMSE on 300 days in common.',
    );
    expect(of('linear').reasons.at(-1)).toContain('Promoted: the lowest of 2 that passed');
    expect(of('cheat').reasons.at(-1)).toContain('80% intervals');
  });

  it('never falls on a baseline', () => {
    const forecasts = made({ yHat: skilled, drift: skilled });
    const contenders = [...baselines(forecasts), candidate('linear', made({ yHat: lucky, drift: () => 1 }))];
    const { decision } = run([], { contenders });
    expect(decision.kind).toBe('linear');
    expect(decision.verdicts[1]).toMatchObject({
      kind: 'drift',
      stage: 'development',
      beatsNaive: false,
      pAdjusted: 1,
    });
  });
});

describe('"beats naive"', () => {
  const linear = candidate('linear', made({ yHat: lucky }));
  const noise = candidate('noise', made({ yHat: (_, day) => NOISE[day]! }));

  it('is said only with a corrected p below the level', () => {
    const single = { nTickers: 1, nHorizons: 1 };
    const { pValue, pAdjusted } = run([linear], single).of('linear');
    expect(pAdjusted).toBe(pValue);
    const at = (claimP: number) =>
      run([linear], { ...single, thresholds: { ...DEFAULT_THRESHOLDS, claimP } }).of('linear');
    expect(at(pValue).beatsNaive).toBe(false);
    expect(at(pValue * 1.000001).beatsNaive).toBe(true);
    expect(at(pValue).reasons[6]).toMatch(
      /^Not shown to beat naive: Diebold-Mariano p = ([\d.]+), p = \1 when corrected for 1 kind x 1 decision of this run\.$/,
    );
    expect(at(pValue * 1.000001).reasons[6]).toMatch(/^Beats naive: /);
  });

  it('takes more the more tickers, horizons and kinds were tried, also refused ones', () => {
    const { pValue } = run([linear]).of('linear');
    const adjusted = (candidates: Contender[], nTickers: number, nHorizons: number) =>
      run(candidates, { nTickers, nHorizons }).of('linear').pAdjusted;
    expect(adjusted([linear], 2, 1)).toBeCloseTo(Math.min(1, 2 * pValue), 12);
    expect(adjusted([linear], 1, 3)).toBeCloseTo(Math.min(1, 3 * pValue), 12);
    expect(run([linear, noise]).of('noise').passed).toBe(false);
    expect(adjusted([linear, noise], 1, 1)).toBeCloseTo(Math.min(1, 2 * pValue), 12);
    const tooShort = candidate('short', made({ n: 40, yHat: skilled }));
    expect(adjusted([linear, tooShort], 1, 1)).toBeCloseTo(Math.min(1, 2 * pValue), 12);
  });

  it('is not tested on fewer than 100 days that do not overlap', () => {
    const at = (n: number) => run([candidate('linear', made({ n, yHat: skilled }))], { horizon: 3 });
    expect(at(300).of('linear').beatsNaive).toBe(true);
    const { of, decision } = at(299);
    expect(of('linear')).toMatchObject({ beatsNaive: false, pValue: 1, pAdjusted: 1, passed: true });
    expect(of('linear').comparisons.naive.dieboldMariano!.pBetter).toBeLessThan(1e-4);
    expect(of('linear').reasons[6]).toBe('Nothing is claimed against naive: that takes 300 days at this horizon.');
    expect(decision.kind).toBe('linear');
  });

  it('counts the p of each candidate as its own', () => {
    const { of } = run([noise, candidate('good', made({ yHat: skilled })), linear]);
    expect(of('good').beatsNaive).toBe(true);
    expect(of('noise')).toMatchObject({ beatsNaive: false, pAdjusted: 1 });
    expect(of('noise').pValue).toBeGreaterThan(0.5);
    expect(of('linear').pValue).toBeGreaterThan(of('good').pValue);
  });
});

describe('what cannot be judged', () => {
  const good = made({ yHat: skilled });

  it('is a run without naive', () => {
    expect(() => run([], { contenders: [candidate('linear', good)] })).toThrow(
      'naive: not among the contenders, though it serves when no candidate passes.',
    );
  });

  it.each<[string, Partial<OutOfSampleForecasts>]>([
    ['there are no out-of-sample forecasts', made({ n: 0, yHat: skilled })],
    ['299 forecasts for 300 outcomes on 300 sessions', { yHat: good.yHat.slice(1) }],
    ['300 forecasts for 300 outcomes on 301 sessions', { ordinals: new Int32Array(301) }],
    ['forecast 0 is NaN and its outcome ', { yHat: good.yHat.map((value, i) => (i === 0 ? Number.NaN : value)) }],
    ['forecast 7 is Infinity and its outcome ', { yHat: good.yHat.map((value, i) => (i === 7 ? Infinity : value)) }],
    ['and its outcome NaN', { y: good.y.map((value, i) => (i === 9 ? Number.NaN : value)) }],
    ['its forecasts have no 80% intervals', { intervals: [] }],
  ])('is a contender of which it must be said: %s', (problem, wrong) => {
    const contenders = [...baselines(good), candidate('linear', { ...good, ...wrong })];
    expect(() => run([], { contenders })).toThrow(
      expect.objectContaining({
        code: 'MODEL_INPUT_INVALID',
        message: expect.stringMatching(/^linear: /) as string,
        details: { kind: 'linear', problem: expect.stringContaining(problem) as string },
      }) as Error,
    );
  });
});
