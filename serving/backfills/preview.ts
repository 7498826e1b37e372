import { type BackfillScope, DEFAULT_EVERY, DEFAULT_IN_FLIGHT, partitionSessions } from '../../domain/backfill.ts';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { TrainingPlan } from '../../domain/run.ts';
import { aFewAtATime } from '../a-few-at-a-time.ts';
import { listRunsWith } from '../runs.ts';
import type { Services } from '../services.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import type { BackfillOrder } from './backfills.ts';
import { planPartition, resolveBackfill } from './plan-backfill.ts';

/** Completed trainings whose durations an estimate rests on. */
const MEASURED = 50;

/** A partition before it is made. */
export interface PreviewedPartition {
  readonly ticker: string;
  readonly as_of: SessionDate;
  /** `standing`: its outcome is there; `unavailable`: too few sessions were known then. */
  readonly status: 'to_make' | 'standing' | 'unavailable';
  /** The run that makes it, or made it. */
  readonly run_id: string | null;
}

/** What a backfill would do. */
export interface BackfillPreview {
  readonly tickers: readonly string[];
  readonly from: SessionDate;
  readonly to: SessionDate;
  readonly every: number;
  readonly counts: { readonly to_make: number; readonly standing: number; readonly unavailable: number };
  readonly partitions: readonly PreviewedPartition[];
  readonly estimate: {
    /** Null where no training has completed yet that could tell. */
    readonly seconds: number | null;
    readonly basis: string;
  };
}

/**
 * Says what a backfill would make, what is there by content, and how long it may take; starts nothing.
 * @throws StockcastError as `resolveBackfill`; TEMPORAL_UNAVAILABLE
 */
export async function previewBackfill(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  order: BackfillOrder,
  watch: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
): Promise<BackfillPreview> {
  const { tickers, plan } = await resolveBackfill(services, context, order);
  const sessions = partitionSessions(order);
  const places = tickers.flatMap((ticker) => sessions.map((asOf) => ({ ticker, asOf })));
  let done = 0;
  const partitions = await aFewAtATime(places, async (place) => {
    watch.signal.throwIfAborted();
    const previewed = await previewPartition(services, context, { ...place, plan }, order.force === true);
    watch.onProgress(++done, places.length);
    return previewed;
  });
  const count = (status: PreviewedPartition['status']) => partitions.filter((each) => each.status === status).length;
  const counts = { to_make: count('to_make'), standing: count('standing'), unavailable: count('unavailable') };
  const estimate = await estimated(temporal, context, partitions, order.maxInFlight ?? DEFAULT_IN_FLIGHT);
  return { tickers, ...scopeOf(order), counts, partitions, estimate };
}

function scopeOf({ from, to, every = DEFAULT_EVERY }: BackfillScope) {
  return { from, to, every };
}

async function previewPartition(
  services: Services,
  context: Context,
  request: { readonly ticker: string; readonly asOf: SessionDate; readonly plan: TrainingPlan },
  force: boolean,
): Promise<PreviewedPartition> {
  const { ticker, asOf } = request;
  try {
    const { workflowId, stands } = await planPartition(services, context, request);
    return { ticker, as_of: asOf, status: stands && !force ? 'standing' : 'to_make', run_id: workflowId };
  } catch (error) {
    if (!(error instanceof StockcastError) || error.code !== 'TOO_FEW_SESSIONS') throw error;
    return { ticker, as_of: asOf, status: 'unavailable', run_id: null };
  }
}

/** From how long the newest completed trainings of a ticker took, whatever they trained. */
async function estimated(
  temporal: TemporalGateway,
  { tenant }: Context,
  partitions: readonly PreviewedPartition[],
  maxInFlight: number,
): Promise<BackfillPreview['estimate']> {
  const toMake = partitions.filter(({ status }) => status === 'to_make');
  if (toMake.length === 0) return { seconds: 0, basis: 'there is nothing to make' };
  const query = `WorkflowId STARTS_WITH "train/${tenant}/" AND ExecutionStatus = "Completed"`;
  const runs = await listRunsWith(temporal, query, MEASURED);
  const took = runs.flatMap(({ started_at: from, closed_at: to }) =>
    to === null ? [] : [(Date.parse(to) - Date.parse(from)) / 1000],
  );
  if (took.length === 0) return { seconds: null, basis: 'no training has completed yet that could tell' };
  const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)]!;
  const perTicker = new Map<string, number>();
  for (const { ticker } of toMake) perTicker.set(ticker, (perTicker.get(ticker) ?? 0) + 1);
  // A ticker's partitions come one after the other, and so many tickers are worked on at a time.
  const rounds = Math.max(Math.ceil(toMake.length / maxInFlight), ...perTicker.values());
  const basis =
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${median.toFixed(1)} s, the median of the newest ${took.length} completed ` +
    `${took.length === 1 ? 'training' : 'trainings'} of a ticker, whatever they trained`;
  return { seconds: Math.round(rounds * median), basis };
}
