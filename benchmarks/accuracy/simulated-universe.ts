import type { AdjustedSeries } from '../../domain/bar.ts';
import { sessionAt } from '../../domain/calendar.ts';
import { type Random, seededRandom } from '../../models/random.ts';

/** How prices are made. */
export interface UniverseOptions {
  readonly seed: number;
  readonly nTickers: number;
  readonly nSessions: number;
  /** Share of the variance of the next session's log return that the last one's tells, in [0, 1); 0 is a random walk. */
  readonly signalR2: number;
}

/** Daily variance in the long run: a standard deviation of 2%. */
const LONG_RUN_VARIANCE = 0.02 ** 2;
/** GARCH(1,1): what a squared shock adds to the next variance, and how much of the last one stays. */
const SHOCK = 0.07;
const PERSISTENCE = 0.91;
const DEGREES_OF_FREEDOM = 6;
/** Share of a shock's variance that all tickers have in common. */
const COMMON_SHARE = 0.3;
const SETTLING_SESSIONS = 250;
const FIRST_ORDINAL = 2500;

/**
 * Daily prices of several tickers in which nothing is to be found but what is planted: with z a shock of mean 0 and
 * variance 1, partly shared by all tickers, fat-tailed (Student's t with 6 degrees of freedom), the log return is
 *
 *     r(t) = phi r(t-1) + e(t),   e(t) = sigma(t) z(t),   phi = sqrt(signalR2)
 *     sigma2(t) = omega + 0.07 e(t-1)^2 + 0.91 sigma2(t-1)
 *
 * so volatility clusters, and the mean of r(t) given the past is phi r(t-1): zero in a random walk. The signal explains
 * phi^2 of the variance of r. Open, high, low and volume go with the session's return and volatility and tell nothing
 * of later ones. Same options, same prices.
 * Source: Tim Bollerslev, "Generalized Autoregressive Conditional Heteroskedasticity", Journal of Econometrics 31
 * (1986).
 */
export function simulatedUniverse({ seed, nTickers, nSessions, signalR2 }: UniverseOptions): AdjustedSeries[] {
  const random = seededRandom(seed);
  const nSteps = SETTLING_SESSIONS + nSessions;
  const market = Float64Array.from({ length: nSteps }, () => fatTailed(random));
  const dates = Array.from({ length: nSessions }, (_, i) => sessionAt(FIRST_ORDINAL + i));
  return Array.from({ length: nTickers }, (_, i): AdjustedSeries => {
    const columns = simulateTicker(market, nSessions, Math.sqrt(signalR2), random);
    const { close, volume } = columns;
    return {
      ticker: `SIM${i + 1}`,
      sector: 'Simulated',
      dates,
      ...columns,
      adjustedClose: close,
      adjustedVolume: volume,
    };
  });
}

function simulateTicker(market: Float64Array, nSessions: number, phi: number, random: Random) {
  const columns = {
    open: new Float64Array(nSessions),
    high: new Float64Array(nSessions),
    low: new Float64Array(nSessions),
    close: new Float64Array(nSessions),
    volume: new Float64Array(nSessions),
  };
  const omega = LONG_RUN_VARIANCE * (1 - SHOCK - PERSISTENCE);
  let variance = LONG_RUN_VARIANCE;
  let shock = 0;
  let logReturn = 0;
  let price = 50;
  for (let step = 0; step < market.length; step++) {
    variance = omega + SHOCK * shock * shock + PERSISTENCE * variance;
    const volatility = Math.sqrt(variance);
    const z = Math.sqrt(COMMON_SHARE) * market[step]! + Math.sqrt(1 - COMMON_SHARE) * fatTailed(random);
    shock = volatility * z;
    logReturn = phi * logReturn + shock;
    const day = step - (market.length - nSessions);
    if (day < 0) continue;
    const open = price * Math.exp(0.3 * logReturn + 0.3 * volatility * normal(random));
    price *= Math.exp(logReturn);
    columns.open[day] = open;
    columns.close[day] = price;
    columns.high[day] = Math.max(open, price) * Math.exp(0.3 * volatility * Math.abs(normal(random)));
    columns.low[day] = Math.min(open, price) * Math.exp(-0.3 * volatility * Math.abs(normal(random)));
    columns.volume[day] = Math.round(1e6 * (volatility / 0.02) * Math.exp(0.2 * Math.abs(z) + 0.3 * normal(random)));
  }
  return columns;
}

/** A draw from Student's t, scaled to variance 1. */
function fatTailed(random: Random): number {
  let chiSquared = 0;
  for (let i = 0; i < DEGREES_OF_FREEDOM; i++) chiSquared += normal(random) ** 2;
  return (normal(random) / Math.sqrt(chiSquared / DEGREES_OF_FREEDOM)) * Math.sqrt(1 - 2 / DEGREES_OF_FREEDOM);
}

/** A standard normal draw, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
