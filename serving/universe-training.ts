import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { shortHash } from '../domain/identity.ts';
import type { TrainUniverseInput } from '../domain/run.ts';
import { type TrainingWish, planUniverse, trainingPlan } from './planning.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** Which tickers are to be trained (default: all known), how many at a time, and as of when (default: now, live). */
export interface UniverseRequest {
  readonly tickers?: readonly string[];
  readonly maxInFlight: number;
  readonly asOf?: SessionDate;
}

/** A run that would train many tickers, named so that equal requests on equal data have equal ids. */
export interface PlannedUniverseTraining {
  readonly workflowId: string;
  /** Whether it has been made and its outcome is still in force for every ticker. */
  readonly stands: boolean;
  /** The newest session that it would learn from. */
  readonly asOf: SessionDate;
  readonly input: TrainUniverseInput;
}

/**
 * Plans the training of many tickers, without starting it.
 * @throws StockcastError TICKER_UNKNOWN when a ticker has no prices at all, or none is known
 */
export async function planUniverseTraining(
  services: Services,
  context: Context,
  request: UniverseRequest,
  wish: TrainingWish,
): Promise<PlannedUniverseTraining> {
  const plan = trainingPlan(wish);
  const vantage = vantageOf(context, request.asOf);
  const live = request.asOf === undefined;
  const tickers = request.tickers ?? (await services.bars.tickers(context)).map((summary) => summary.ticker);
  if (tickers.length === 0) throw new StockcastError('TICKER_UNKNOWN', { ticker: 'any ticker', known: 'none yet' });
  const { runs, ...pooling } = await planUniverse(services, context, tickers, { vantage, plan, live });
  const asOf =
    runs
      .map(({ lastSession }) => lastSession)
      .sort()
      .at(-1) || vantage.asOf;
  const { tenant, principal } = context;
  return {
    workflowId: `train-universe/${tenant}/${asOf}/${shortHash(runs.map(({ workflowId }) => workflowId))}`,
    stands: runs.every((run) => run.stands),
    asOf,
    input: {
      version: 1,
      context: { tenant, principal },
      tickers: runs.map(({ ticker }) => ticker),
      vantage,
      plan,
      live,
      ...pooling,
      maxInFlight: request.maxInFlight,
    },
  };
}
