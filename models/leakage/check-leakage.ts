import type { LeakageReport, NamedLeakageCheck } from '../../domain/leakage.ts';
import { seededRandom } from '../random.ts';
import { checkFeaturePerturbation } from './feature-perturbation.ts';
import { checkForecastPerturbation } from './forecast-perturbation.ts';
import { featuresOf, type LeakageOptions, type LeakageSubject } from './leakage-subject.ts';
import { checkFolds } from './purged-folds.ts';
import { checkSessionGaps } from './session-gaps.ts';
import { checkShuffledLabels } from './shuffled-labels.ts';

/**
 * Searches a way to learn for knowledge of the future: what must be passed before a model made by it is registered. All
 * checks are run, whatever the first ones find. Walks forward four times; of the rest, a history of 3,000 sessions takes
 * about as long as building its features 20 times. Reads the subject and changes nothing.
 *
 * @example
 * const report = checkLeakage(subject, { seed: 7 });
 * if (!report.passed) console.log(report.checks.filter(({ passed }) => !passed));
 */
export function checkLeakage(subject: LeakageSubject, { seed, signal }: LeakageOptions): LeakageReport {
  const seeds = seededRandom(seed);
  const options = () => ({ seed: seeds.nextInt(2 ** 32), ...(signal === undefined ? {} : { signal }) });
  const checks: NamedLeakageCheck[] = [
    checkFeaturePerturbation(subject, options()),
    checkForecastPerturbation(subject, options()),
    checkPurging(subject),
    checkShuffledLabels(subject, options()),
    checkSessionGaps(subject, options()),
  ];
  return { checks, passed: checks.every(({ passed }) => passed) };
}

function checkPurging(subject: LeakageSubject): NamedLeakageCheck {
  const { ordinals } = subject.learningRows(subject.histories.map(featuresOf(subject)));
  return checkFolds(subject.folds(ordinals), ordinals, subject.horizon);
}
