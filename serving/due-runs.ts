import type { SessionDate } from '../domain/bar.ts';
import { latestClosedSession } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import type { RetrainWish } from '../domain/scheduled-run.ts';
import type { RetrainingSettings } from './retrain-restated.ts';
import type { Services } from './services.ts';
import { type PlannedUniverseTraining, planUniverseTraining } from './universe-training.ts';

/** Tickers that are to be fetched from a source, or why there is nothing to fetch. */
export type PlannedIngest =
  | { readonly source: string; readonly tickers: readonly string[] }
  | { readonly skip: string };

/** A training of the universe that was due, and whether what it promotes may serve. */
export interface PlannedRetraining extends PlannedUniverseTraining {
  readonly live: boolean;
}

/**
 * Says which tickers (default: all whose prices are known) are to be fetched from which source (default: the configured
 * one).
 * @throws StockcastError SOURCE_UNKNOWN
 */
export async function planIngest(
  services: Services,
  context: Context,
  request: { readonly source?: string; readonly tickers?: readonly string[] },
): Promise<PlannedIngest> {
  const source = request.source ?? services.prices.settings.source;
  services.prices.sources.named(source);
  if (source === CSV_SOURCE) return { skip: 'prices come from uploads: STOCKCAST_PRICE_SOURCE names no live source' };
  const tickers = request.tickers ?? (await services.bars.tickers(context)).map(({ ticker }) => ticker);
  return tickers.length === 0 ? { skip: 'no prices are known yet' } : { source, tickers };
}

/**
 * Plans the training of the universe as of a session that a schedule made due: live while that is the newest session
 * that has closed, so that what it promotes may serve, else as it could have been made on that day. Undefined where no
 * prices are known of then.
 * @throws StockcastError TICKER_UNKNOWN, MODEL_KIND_UNKNOWN, PARAMETER_INVALID, REQUEST_INVALID
 */
export async function planRetraining(
  services: Services,
  context: Context,
  request: { readonly session: SessionDate; readonly mayServe: boolean; readonly wish: RetrainWish },
  settings: RetrainingSettings,
): Promise<PlannedRetraining | undefined> {
  const { session, mayServe, wish } = request;
  const { tickers: asked, ...training } = wish;
  const seen = (await services.bars.tickers(context)).filter(({ firstSession }) => firstSession <= session);
  const tickers = asked ?? seen.map(({ ticker }) => ticker);
  if (tickers.length === 0) return undefined;
  const live = mayServe && session === latestClosedSession(context.clock.now());
  const { seed, trainingWindow, requireApproval, parking, maxInFlight } = settings;
  const universe = { tickers, maxInFlight, ...(live ? {} : { asOf: session }) };
  const planned = await planUniverseTraining(services, context, universe, {
    ...training,
    seed,
    requireApproval,
    parking,
    ...(trainingWindow === undefined ? {} : { window: trainingWindow }),
  });
  return { ...planned, live };
}
