import type { Context } from '../domain/context.ts';
import type { Forecast } from '../domain/forecast.ts';
import { CacheAside, type AsideCounts, type CacheLevels, type CachePolicy, type Given } from './cache-aside.ts';
import type { ChangeWatch } from './change-watch.ts';
import {
  type ForecastRequest,
  type PreparedForecast,
  makeAgain,
  newestForecast,
  prepareForecast,
} from './forecasting.ts';
import type { tickersOnce } from './histories.ts';
import type { Services } from './services.ts';

/** Where forecasts for requests come from. What they say of the time of day (`stalenessNote`) is not in them. */
export interface Forecasts {
  /** @param tickers the known tickers, for errors. @throws as `forecast` */
  get(context: Context, request: ForecastRequest, tickers?: ReturnType<typeof tickersOnce>): Promise<Given<Forecast>>;
  readonly counts: AsideCounts;
}

/** Forecasts that are held nowhere: read anew each time. */
export class UnheldForecasts implements Forecasts {
  readonly #services: Services;
  readonly counts: AsideCounts = { hit: 0, miss: 0, stale: 0, loads: 0, failedLoads: 0, sharedFailures: 0 };

  constructor(services: Services) {
    this.#services = services;
  }

  async get(
    context: Context,
    request: ForecastRequest,
    tickers?: ReturnType<typeof tickersOnce>,
  ): Promise<Given<Forecast>> {
    const value = await newestForecast(this.#services, context, request, tickers);
    return { value, verdict: 'miss', ageMs: 0 };
  }
}

/** While the database is away, the last known forecast is given for as long as this. */
const STALE_MS = 7 * 24 * 60 * 60 * 1000;
/** A forecast is read in some milliseconds; a database that hangs would hold each request up. */
const PATIENCE_MS = 1000;

/** Forecasts that are held until their prices or models change. */
export class CachedForecasts implements Forecasts {
  readonly #services: Services;
  readonly #cache: CacheAside<Forecast>;

  constructor(services: Services, levels: CacheLevels, watch: ChangeWatch) {
    this.#services = services;
    this.#cache = new CacheAside(levels, policyOf(watch));
  }

  get counts(): AsideCounts {
    return this.#cache.counts;
  }

  get(context: Context, request: ForecastRequest, tickers?: ReturnType<typeof tickersOnce>): Promise<Given<Forecast>> {
    const load = () => newestForecast(this.#services, context, request, tickers);
    return this.#cache.get(context, request.ticker, `forecast/${nameOf(request)}`, load);
  }
}

/** Forecasts that are computed for every request, by models and from prices that lie ready until they change. */
export class ComputedForecasts implements Forecasts {
  readonly #services: Services;
  readonly #cache: CacheAside<PreparedForecast>;

  constructor(services: Services, { near }: CacheLevels, watch: ChangeWatch) {
    this.#services = services;
    // What is held can't be written down, so that it isn't shared.
    this.#cache = new CacheAside({ near }, policyOf(watch));
  }

  get counts(): AsideCounts {
    return this.#cache.counts;
  }

  async get(
    context: Context,
    request: ForecastRequest,
    tickers?: ReturnType<typeof tickersOnce>,
  ): Promise<Given<Forecast>> {
    const load = () => prepareForecast(this.#services, context, request, tickers);
    const { value, verdict, ageMs } = await this.#cache.get(context, request.ticker, `ready/${nameOf(request)}`, load);
    return { value: makeAgain(value), verdict: verdict === 'stale' ? 'stale' : 'miss', ageMs };
  }
}

function nameOf({ horizon, kind, modelId }: ForecastRequest): string {
  return modelId === undefined ? `${horizon}/${kind ?? ''}` : `${horizon}/id/${modelId}`;
}

function policyOf(watch: ChangeWatch): CachePolicy {
  return {
    freshUntil: (readAt) => watch.freshUntil(readAt),
    staleMs: STALE_MS,
    patienceMs: () => PATIENCE_MS,
    trustsShared: () => watch.isHearing,
  };
}
