import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { ParkingPolicy } from '../domain/parking.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import { KINDS } from '../models/kinds.ts';
import type { TrainingWish } from './planning.ts';
import { knownRestatement } from './restatement-answer.ts';
import { type RestatementEffects, restatementEffects } from './restatement-effects.ts';
import type { StartedRun } from './run-view.ts';
import { failedTickers, standingOf, startTickerTraining, startUniverseTraining } from './runs.ts';
import type { Services } from './services.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

/** What a retraining takes from the configuration. */
export interface RetrainingSettings {
  readonly seed: number;
  readonly trainingWindow: TrainingWindow | undefined;
  readonly requireApproval: boolean;
  readonly parking: ParkingPolicy;
  readonly maxInFlight: number;
}

/** What came of asking for what rests on a restatement to be trained again. */
export interface Retraining {
  readonly restatement_id: string;
  /** The tickers that are trained: those of which something serves that rests on it. */
  readonly tickers: readonly string[];
  /** Null when nothing that serves rests on it. */
  readonly run: StartedRun | null;
}

/**
 * Trains again the tickers of which something serves that rests on history as it was before a restatement, and no
 * others, for the horizons at which it serves. Asked again, it joins the run that it started, unless that failed for one of them.
 * @throws StockcastError RESTATEMENT_UNKNOWN, TEMPORAL_UNAVAILABLE, TOO_FEW_SESSIONS
 */
export async function retrainRestated(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  id: string,
  settings: RetrainingSettings,
): Promise<Retraining> {
  const restatement = await knownRestatement(services, context, id);
  const effects = await restatementEffects(services, context, restatement);
  const tickers = [...new Set(effects.serving.map(({ ticker }) => ticker))].sort();
  const before = await runBefore(temporal, context, restatement.retrainingRunId, tickers);
  if (before !== undefined) return { restatement_id: id, tickers, run: before };
  const run = await startRetraining(services, temporal, context, effects, settings);
  if (run === undefined) return { restatement_id: id, tickers, run: null };
  await services.restatements.noteRetraining(context, id, run.run_id);
  return { restatement_id: id, tickers, run };
}

/** Trains again the tickers of what serves, for the horizons at which it does; undefined where nothing serves. */
export async function startRetraining(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  what: Pick<RestatementEffects, 'serving' | 'models'>,
  settings: RetrainingSettings,
): Promise<StartedRun | undefined> {
  const tickers = [...new Set(what.serving.map(({ ticker }) => ticker))].sort();
  const [only] = tickers;
  if (only === undefined) return undefined;
  const wish = wishFor(what, settings);
  return tickers.length === 1
    ? startTickerTraining(services, temporal, context, only, wish)
    : startUniverseTraining(services, temporal, context, { tickers, maxInFlight: settings.maxInFlight }, wish);
}

/** The run that was started before, unless it has ended without having brought it about for all of the tickers. */
export async function runBefore(
  temporal: TemporalGateway,
  context: Context,
  runId: string | undefined,
  tickers: readonly string[],
): Promise<StartedRun | undefined> {
  if (runId === undefined) return undefined;
  try {
    const standing = await standingOf(temporal, context, runId);
    const { status } = standing;
    if (status !== 'running' && status !== 'completed') return undefined;
    const failed = await failedTickers(temporal, runId, standing);
    if (tickers.some((ticker) => failed.includes(ticker))) return undefined;
    return { run_id: runId, status, joined: true, ui: temporal.uiLink(runId) };
  } catch (error) {
    // Temporal forgets what ended long ago.
    if (error instanceof StockcastError && error.code === 'RUN_UNKNOWN') return undefined;
    throw error;
  }
}

function wishFor(
  { serving, models }: Pick<RestatementEffects, 'serving' | 'models'>,
  settings: RetrainingSettings,
): TrainingWish {
  const { seed, requireApproval, parking, trainingWindow } = settings;
  const alone = new Set(serving.map(({ ticker }) => ticker)).size === 1;
  // One ticker alone would adopt the pooled model that there is, which may rest on what was changed.
  const withoutPool = alone && models.some(({ panel }) => panel !== undefined);
  const kinds = KINDS.filter(({ pooled, role }) => !pooled && role === 'candidate').map(({ name }) => name);
  return {
    seed,
    requireApproval,
    parking,
    horizons: [...new Set(serving.map(({ horizon }) => horizon))],
    ...(trainingWindow === undefined ? {} : { window: trainingWindow }),
    ...(withoutPool ? { kinds } : {}),
  };
}
