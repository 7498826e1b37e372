import { sessionAt } from '../../domain/calendar.ts';
import type { NamedLeakageCheck } from '../../domain/leakage.ts';
import { seededRandom } from '../random.ts';
import { count } from './in-words.ts';
import { firstDifference } from './first-difference.ts';
import { featuresOf, type Forecasts, type LeakageOptions, type LeakageSubject } from './leakage-subject.ts';
import { withOtherFuture } from './price-history.ts';

const NAME = 'future-perturbation/forecasts';

type Procedures = Pick<LeakageSubject, 'histories' | 'adjust' | 'buildFeatures' | 'forecastOutOfSample'>;

/**
 * Walks forward again with another future after the first session forecast from, and after one drawn from the others:
 * forecasts up to that session must stay equal to the bit, and with them all that was fitted for them. After the first
 * one, any label of a training row that reaches past it has changed, as has any scaler that saw a later row. Walks
 * forward three times.
 */
export function checkForecastPerturbation(subject: Procedures, { seed, signal }: LeakageOptions): NamedLeakageCheck {
  const { histories, forecastOutOfSample } = subject;
  const random = seededRandom(seed);
  const build = featuresOf(subject);
  const before = forecastOutOfSample(histories.map(build));
  const origins = [...new Set(before.flatMap(({ ordinals }) => [...ordinals]))].sort((a, b) => a - b);
  if (origins.length === 0) return failed('there are no out-of-sample forecasts to check');

  let nCompared = 0;
  for (const origin of [origins[0]!, origins[random.nextInt(origins.length)]!]) {
    signal?.throwIfAborted();
    const last = sessionAt(origin);
    const after = forecastOutOfSample(histories.map((history) => build(withOtherFuture(history, last, random))));
    for (const [i, { series }] of histories.entries()) {
      const fault = differenceUpTo(origin, before[i]!, after[i]!);
      if (fault !== undefined) {
        return failed(`the forecast of ${series.ticker} ${fault} when what comes after ${last} is changed`);
      }
      nCompared += countUpTo(before[i]!.ordinals, origin);
    }
  }
  return {
    name: NAME,
    passed: true,
    detail:
      'forecasts, with all that was fitted for them, stay equal to the bit up to the first session forecast from and up ' +
      `to another when later bars, splits and dividends are changed (${count(nCompared, 'forecast')} compared)`,
  };
}

function differenceUpTo(origin: number, before: Forecasts, after: Forecasts): string | undefined {
  const length = Math.max(countUpTo(before.ordinals, origin), countUpTo(after.ordinals, origin));
  const moved = firstDifference(before.ordinals, after.ordinals, length);
  if (moved >= 0) return `number ${moved} belongs to another session`;
  const i = firstDifference(before.yHat, after.yHat, length);
  if (i < 0) return undefined;
  return `on ${sessionAt(before.ordinals[i]!)} changes from ${before.yHat[i]} to ${after.yHat[i]}`;
}

function countUpTo(ordinals: Int32Array, origin: number): number {
  const later = ordinals.findIndex((ordinal) => ordinal > origin);
  return later < 0 ? ordinals.length : later;
}

function failed(detail: string): NamedLeakageCheck {
  return { name: NAME, passed: false, detail };
}
