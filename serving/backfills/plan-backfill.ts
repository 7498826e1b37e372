import {
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
import { DEFAULT_PARKING } from '../../domain/parking.ts';
import type { TrainingPlan } from '../../domain/run.ts';
import { DEFAULT_SEED } from '../../domain/training-limits.ts';
import { knownTickers } from '../histories.ts';
import { newestPool, planTicker, trainingPlan } from '../planning.ts';
import type { Services } from '../services.ts';
import { vantageOf } from '../vantages.ts';

/** What is asked of a backfill; everything but the dates has a default. */
export interface BackfillRequest extends BackfillScope {
  readonly wish?: BackfillWish;
  /** Tickers worked on at a time. */
  readonly maxInFlight?: number;
}

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
  const { maxInFlight = 1, wish = {} } = request;
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1 || maxInFlight > MOST_IN_FLIGHT) {
    const problem = `expected a whole number, 1 to ${MOST_IN_FLIGHT}`;
    throw new StockcastError('REQUEST_INVALID', { field: `maxInFlight "${maxInFlight}"`, problem });
  }
  const { horizons, ...others } = wish;
  const plan = trainingPlan({
    seed: DEFAULT_SEED,
    // One that waited for a person would hold up its ticker's later partitions; failed ones are made by a retry.
    parking: { ...DEFAULT_PARKING, onBadData: 'fail' },
    ...others,
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
