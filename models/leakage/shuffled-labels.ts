import type { PriceSeries } from '../../domain/bar.ts';
import { sessionAt } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { NamedLeakageCheck } from '../../domain/leakage.ts';
import { sessionOrdinals } from '../features/labels.ts';
import { type Random, seededRandom } from '../random.ts';
import { fairCoinP } from './fair-coin.ts';
import { count } from './in-words.ts';
import type { Forecasts, LeakageOptions, LeakageSubject } from './leakage-subject.ts';
import { tossDirections } from './tossed-history.ts';

const NAME = 'shuffled-labels';

/** Probability of failing an honest model, exactly bounded: one in ten thousand. */
const FALSE_ALARM = 1e-4;

type Procedures = Pick<LeakageSubject, 'histories' | 'horizon' | 'adjust' | 'buildFeatures' | 'forecastOutOfSample'>;

/**
 * Learns and forecasts where there is nothing to learn: in copies of the histories in which a coin decided each
 * session's direction. Labels are shuffled before features are built from the same prices, so that a label which reached
 * a feature, a scaler or a training row still does, and shows as skill; shuffling finished labels would cut that way.
 *
 * Of each history forecasts whose labels don't overlap are taken. One says "up" when it lies above the mean of all before
 * it, so that a model held back to little more than a constant still shows what it knows. Given all that an honest
 * forecaster may know, and the size of every move besides, each label's sign is a fair coin's, independent of the ones
 * before: the number of directions forecast right is binomial with one half whatever the model, its fit, and the tails of
 * returns; where forecast or label is neutral, another coin decides. Fails, for too many as for too few, when that number
 * has a two-sided p below 0.0001. Below 15 such forecasts none is that unlikely, and the detail says so. Walks forward once.
 */
export function checkShuffledLabels(subject: Procedures, { seed, signal }: LeakageOptions): NamedLeakageCheck {
  const { histories, horizon, adjust, buildFeatures, forecastOutOfSample } = subject;
  const random = seededRandom(seed);
  signal?.throwIfAborted();
  const worlds = histories.map(({ series, events }) => tossDirections(adjust(series, events), random));
  const forecasts = forecastOutOfSample(worlds.map((world) => buildFeatures(adjust(world, []))));
  let hits = 0;
  let n = 0;
  for (const [i, world] of worlds.entries()) {
    const { ordinals, yHat } = forecasts[i]!;
    const wrong = yHat.findIndex((forecast) => !Number.isFinite(forecast));
    if (wrong >= 0)
      return failed(`the forecast of ${world.ticker} on ${sessionAt(ordinals[wrong]!)} is ${yHat[wrong]}`);
    for (const right of directionsRight(world, forecasts[i]!, horizon, random)) {
      if (right) hits++;
      n++;
    }
  }
  if (n === 0) return failed('there are no out-of-sample forecasts to check');
  const p = fairCoinP(hits, n);
  const found =
    `${hits.toLocaleString('en-US')} of ${count(n, 'direction')} forecast right where coins decided them ` +
    `(labels without overlap, exact binomial p = ${Number(p.toPrecision(2))})`;
  const power = fairCoinP(n, n) < FALSE_ALARM ? '' : '; too few to show a leak';
  return { name: NAME, passed: p >= FALSE_ALARM, detail: `${found}${power}` };
}

/** Of forecasts that follow each other by the horizon or more, whether each had the right direction. */
function directionsRight(world: PriceSeries, forecasts: Forecasts, horizon: Horizon, random: Random): boolean[] {
  const closes = new Map(Array.from(sessionOrdinals(world.dates), (ordinal, bar) => [ordinal, world.close[bar]!]));
  const right: boolean[] = [];
  let free = -1;
  let sum = 0;
  for (const [i, origin] of forecasts.ordinals.entries()) {
    const above = forecasts.yHat[i]! - (i === 0 ? 0 : sum / i);
    sum += forecasts.yHat[i]!;
    const [from, to] = [closes.get(origin), closes.get(origin + horizon)];
    if (origin < free || from === undefined || to === undefined) continue;
    free = origin + horizon;
    const agreement = Math.sign(above) * Math.sign(to - from);
    const coin = random.next() < 0.5;
    right.push(agreement === 0 ? coin : agreement > 0);
  }
  return right;
}

function failed(detail: string): NamedLeakageCheck {
  return { name: NAME, passed: false, detail };
}
