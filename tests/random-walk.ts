import type { Bar, PriceSeries } from '../domain/bar.ts';
import { sessionAt } from '../domain/calendar.ts';
import { seriesOf } from '../domain/dataset.ts';
import { type Random, seededRandom } from '../models/random.ts';

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Student's t with 3 degrees of freedom: daily returns are about as fat-tailed. */
function fatTailed(random: Random): number {
  const chiSquare = normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2;
  return normal(random) / Math.sqrt(chiSquare / 3);
}

/** What a random walk looks like. */
export interface Walk {
  readonly seed: number;
  readonly sessions?: number;
  /** Scale of the daily log return. */
  readonly scale?: number;
  /** What happens to the shares at the open of a session: ratio by index. */
  readonly splits?: ReadonlyMap<number, number>;
  /** Log return of the whole market at the open of a session, by index. */
  readonly shocks?: ReadonlyMap<number, number>;
}

/** A random walk with fat tails, half of whose moves happen overnight and whose volume swells with the move. */
export function randomWalk({
  seed,
  sessions = 1500,
  scale = 0.015,
  splits = new Map(),
  shocks = new Map(),
}: Walk): PriceSeries {
  const random = seededRandom(seed);
  const bars: Bar[] = [];
  let close = 80;
  let shares = 1e6;
  for (let t = 0; t < sessions; t++) {
    const overnight = scale * fatTailed(random) * 0.5 + (shocks.get(t) ?? 0);
    const daytime = scale * fatTailed(random) * 0.5;
    const split = splits.get(t) ?? 1;
    const open = (close * Math.exp(overnight)) / split;
    close = open * Math.exp(daytime);
    shares *= split;
    const volume = Math.round(shares * Math.exp(0.4 * normal(random) + 10 * Math.abs(overnight + daytime)));
    const reach = Math.exp(scale * 0.3 * Math.abs(normal(random)));
    const [low, high] = [Math.min(open, close) / reach, Math.max(open, close) * reach];
    bars.push({ ticker: `W${seed}`, sector: 'S', date: sessionAt(t), open, high, low, close, volume });
  }
  return seriesOf(bars);
}
