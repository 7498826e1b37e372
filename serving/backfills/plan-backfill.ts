import {
  type BackfillInput,
  type BackfillScope,
  type BackfillWish,
  MOST_IN_FLIGHT,
  MOST_PARTITIONS,
  type PlannedPartition,
  type ResolvedBackfill,
  partitionSessions,
} from '../../domain/backfill.ts';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { parseHorizon } from '../../domain/horizon.ts';
import { DEFAULT_PARKING, type ParkingPolicy } from '../../domain/parking.ts';
import type { TrainingPlan } from '../../domain/run.ts';
import { DEFAULT_SEED } from '../../domain/training-limits.ts';
import { knownTickers } from '../histories.ts';
import { newestPool, planTicker, trainingPlan } from '../planning.ts';
import type { Services } from '../services.ts';
import { vantageOf } from '../vantages.ts';

/** What is asked of a backfill; everything but the dates has a default. */
export interface BackfillRequest extends BackfillScope {
  readonly wish?: BackfillWish;
  /** Names of all fields that the input has, which a person may have written; looked at where given. */
  readonly fields?: readonly string[];
  /** Tickers worked on at a time. */
  readonly maxInFlight?: number;
}

const INPUT_FIELDS = Object.keys({
  ...{ version: true, context: true, tickers: true, from: true, to: true, every: true, wish: true },
  ...{ maxInFlight: true, force: true, only: true, resolved: true, state: true },
} satisfies Record<keyof BackfillInput, true>);
const WISH_FIELDS = Object.keys({
  ...{ horizons: true, kinds: true, window: true, scaleTargets: true, embargo: true, seed: true, parameters: true },
  ...{ parking: true, search: true },
} satisfies Record<keyof BackfillWish, true>);

/** One partition: a ticker as of a session. */
export interface PartitionRequest {
  readonly ticker: string;
  readonly asOf: SessionDate;
  readonly plan: TrainingPlan;
}

/**
 * Checks what a backfill is asked, and fills in what was left open: the tickers, and what to train.
 * @throws StockcastError DATE_INVALID, REQUEST_INVALID, TICKER_UNKNOWN, MODEL_KIND_UNKNOWN, PARAMETER_INVALID
 */
export async function resolveBackfill(
  services: Services,
  context: Context,
  request: BackfillRequest,
): Promise<ResolvedBackfill> {
  const sessions = partitionSessions(request);
  vantageOf(context, request.to);
  const { maxInFlight = 1, wish = {}, fields = [] } = request;
  requireKnown('', fields, INPUT_FIELDS);
  requireKnown('wish.', Object.keys(wish), WISH_FIELDS);
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1 || maxInFlight > MOST_IN_FLIGHT) {
    const problem = `expected a whole number, 1 to ${MOST_IN_FLIGHT}`;
    throw new StockcastError('REQUEST_INVALID', { field: `maxInFlight "${maxInFlight}"`, problem });
  }
  const { horizons, parking, ...others } = wish;
  const plan = trainingPlan({
    seed: DEFAULT_SEED,
    ...others,
    parking: withoutWaiting({ ...DEFAULT_PARKING, ...parking }),
    ...(horizons === undefined ? {} : { horizons: horizons.map((horizon) => parseHorizon(String(horizon))) }),
  });
  const tickers = [...(await knownTickers(services, context, request.tickers))].sort();
  if (tickers.length === 0) throw new StockcastError('TICKER_UNKNOWN', { ticker: 'any ticker', known: 'none yet' });
  const partitions = tickers.length * sessions.length;
  if (partitions > MOST_PARTITIONS) {
    const problem = `${partitions} partitions are more than ${MOST_PARTITIONS}: ask for fewer at a time`;
    throw new StockcastError('REQUEST_INVALID', { field: 'tickers, from, to and every', problem });
  }
  return { tickers, plan };
}

/** A name that is mistyped would leave its field at the default. */
function requireKnown(prefix: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const problem = `there is no such field; known: ${known.join(', ')}`;
  throw new StockcastError('REQUEST_INVALID', { field: `${prefix}${unknown}`, problem });
}

/** One that waited for a person would hold up its ticker's later partitions; failed ones are made by a retry. */
function withoutWaiting({ onBadData, ...parking }: ParkingPolicy): ParkingPolicy {
  return { ...parking, onBadData: onBadData === 'park' ? 'fail' : onBadData, onFailedGate: 'fallback' };
}

/**
 * Names the run that makes a partition, as of the end of that day, and the pooled models that there were then.
 * @throws StockcastError TOO_FEW_SESSIONS where the ticker had too little history then
 */
export async function planPartition(
  services: Services,
  context: Context,
  { ticker, asOf, plan }: PartitionRequest,
): Promise<PlannedPartition> {
  const vantage = vantageOf(context, asOf);
  const { pooled, ...pool } = await newestPool(services, context, { plan, vantage, live: false });
  const request = { ticker, vantage, plan, live: false, ...pool };
  const { workflowId, lastSession, stands } = await planTicker(services, context, request);
  return { workflowId, lastSession, stands, vantage, pooled };
}
