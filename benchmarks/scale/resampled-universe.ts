import { type Random, seededRandom } from '../../models/random.ts';
import { SAMPLE_TICKERS, sampleBars } from '../../tests/sample-series.ts';

/** Two years. */
export const N_SESSIONS = 504;
/** Sessions that are drawn together, so that what follows on each other does so as it did: a month. */
const BLOCK = 21;
const FIRST_PRICE = 100;
/** A larger step from one close to the next is a split, and no return to draw from. */
const LARGEST_STEP = 0.3;

/** A session's prices over the close before it, and its volume. */
interface Step {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

const tickerName = (i: number): string => `SIM${String(i).padStart(3, '0')}`;

/**
 * The first of them are trained before anything is measured: code is loaded then and what is hot in it compiled,
 * connections are open, and every worker has had each kind of work.
 */
export const WARM_UP_TICKERS = Array.from({ length: 24 }, (_, i) => tickerName(i));

/**
 * Prices of many tickers, and of those to warm up with, as a file: two years each, on the newest sessions of the bundled prices, put together from
 * blocks of the bundled tickers' months; the same from the same seed.
 */
export function resampledUniverse(nTickers: number, seed: number): string {
  const sources = SAMPLE_TICKERS.map(stepsOf);
  const dates = sampleBars(SAMPLE_TICKERS[0])
    .slice(-N_SESSIONS)
    .map(({ date }) => date);
  const random = seededRandom(seed);
  const lines = ['ticker,sector,date,open,high,low,close,volume'];
  for (let i = 0; i < WARM_UP_TICKERS.length + nTickers; i++) {
    let last = FIRST_PRICE;
    drawn(sources[i % sources.length]!, random).forEach(({ open, high, low, close, volume }, session) => {
      const prices = [open, high, low, close].map((ratio) => (last * ratio).toFixed(4));
      last *= close;
      lines.push([tickerName(i), 'Simulated', dates[session], ...prices, volume].join(','));
    });
  }
  return `${lines.join('\n')}\n`;
}

function drawn(steps: readonly Step[], random: Random): Step[] {
  const chosen: Step[] = [];
  while (chosen.length < N_SESSIONS) {
    const from = Math.floor(random.next() * (steps.length - BLOCK));
    chosen.push(...steps.slice(from, from + BLOCK));
  }
  return chosen.slice(0, N_SESSIONS);
}

function stepsOf(ticker: string): Step[] {
  const bars = sampleBars(ticker);
  return bars.slice(1).flatMap(({ open, high, low, close, volume }, i) => {
    const before = bars[i]!.close;
    if (Math.abs(Math.log(close / before)) > LARGEST_STEP) return [];
    return [{ open: open / before, high: high / before, low: low / before, close: close / before, volume }];
  });
}
