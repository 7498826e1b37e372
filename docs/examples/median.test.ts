import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { adjust } from '../../market/adjustment.ts';
import { evaluate } from '../../models/evaluation/evaluate.ts';
import { walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { shrunk } from '../../models/evaluation/shrinkage.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { checkLeakage } from '../../models/leakage/check-leakage.ts';
import { subjectOf } from '../../models/leakage/subject-of-learner.ts';
import { sampleHistory } from '../../tests/leakage-subject.ts';
import { median } from './median.ts';

const options = { window: 504, seed: 7, parameters: median.defaults, scaleTargets: true } as const;

describe('the example of docs/adding-a-model.md', () => {
  it('stands there word for word', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    expect(read('../adding-a-model.md')).toContain(`\`\`\`ts\n${read('./median.ts')}\`\`\``);
  });

  it('forecasts what it says, saved and loaded too', () => {
    const X = { nRows: 4, nColumns: 1, values: Float64Array.of(1, 2, 3, 4) };
    const model = median.fit(X, Float64Array.of(9, 1, 3, 2), { weight: 0.5 }, { seed: 1 });
    expect([...model.predict(X)]).toEqual([1.25, 1.25, 1.25, 1.25]);
    expect(median.fromObject(model.toObject()).predict(X)).toEqual(model.predict(X));
    expect(() => median.parameters({ weight: 2 })).toThrow('the parameter weight is 2, expected a number from 0 to 1');
  });

  it('can be evaluated and passes the leakage checks like any other kind', () => {
    const history = sampleHistory('IBM', 900);
    const features = buildFeatures(adjust(history.series, history.events));
    const leakage = checkLeakage(subjectOf(median, history, 1, options, adjust), { seed: 7 });
    expect(leakage.checks.filter(({ passed }) => !passed)).toEqual([]);
    const series = shrunk(walkForward(median, [features], 1, options), 1, median.role)[0]!;
    const { rmseRatioToNaive, nFolds } = evaluate(series, 1, leakage);
    expect(nFolds).toBeGreaterThanOrEqual(5);
    expect(rmseRatioToNaive).toBeGreaterThan(0.98);
    expect(rmseRatioToNaive).toBeLessThan(1.01);
  });
});
