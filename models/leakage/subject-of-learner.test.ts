import { beforeAll, describe, expect, it } from 'vitest';
import { adjust } from '../../market/adjustment.ts';
import { sampleHistory } from '../../tests/leakage-subject.ts';
import { MODEL_KINDS } from '../kinds.ts';
import { checkLeakage } from './check-leakage.ts';
import { subjectOf } from './subject-of-learner.ts';

describe.each(MODEL_KINDS.map((kind) => [kind.name, kind] as const))('%s as it is trained', (_, kind) => {
  beforeAll(async () => void (await kind.runtime?.load()));

  it.each([1, 10])('passes every check at horizon %i', (horizon) => {
    const options = { window: 504, seed: 7, parameters: kind.defaults, scaleTargets: true } as const;
    const subject = subjectOf(kind, sampleHistory('MSFT', 900), horizon, options, adjust);
    const report = checkLeakage(subject, { seed: 7 });
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.checks.map(({ name }) => name)).toEqual([
      'future-perturbation/features',
      'future-perturbation/forecasts',
      'purged-folds',
      'shuffled-labels',
      'session-gaps',
    ]);
  });
});
