import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  ACCEPT_UPDATE,
  type Acceptance,
  CORRECT_UPDATE,
  type Correction,
  PARKED,
  type Parked,
} from '../domain/parking.ts';
import {
  PROGRESS_QUERY,
  TRAIN_TICKER,
  TRAIN_UNIVERSE,
  type TickerProgress,
  type UniverseProgress,
} from '../domain/run.ts';
import { type ParkedState, parkedState } from './parked-state.ts';
import { standingOf } from './runs.ts';
import type { Services } from './services.ts';
import { type PriceFiles, type TakeInReport, takeInPrices } from './take-in-prices.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { askRun, runsAtStage, sendUpdate } from './waiting-runs.ts';

/** A parked run. */
export interface ParkedAnswer extends ParkedState {
  readonly run_id: string;
  readonly ticker: string;
  readonly ui: string | null;
}

/** The parked runs, and those that are parked but could not be asked for what, since no worker answers. */
export interface ParkedRunsAnswer {
  readonly parked: readonly ParkedAnswer[];
  readonly unanswered: readonly string[];
}

/** Which parked run a person speaks of: one ticker's, or those of a run of many. */
interface ParkedTarget {
  readonly runId: string;
  /** Of a run of many tickers, the only one that is meant. */
  readonly ticker?: string;
}

/** What a person does about parked runs. */
interface CorrectionRequest extends ParkedTarget {
  /** Without files the runs look again at what is known by now. */
  readonly files?: PriceFiles;
  /** Who says so; default: the principal of the context. */
  readonly by?: string;
  /** Default: the name of the file. */
  readonly reason?: string;
  readonly asKnownNow?: boolean;
}

interface AcceptanceRequest extends ParkedTarget {
  /** Default: the principal of the context. */
  readonly by?: string;
  readonly reason: string;
}

/** Parked runs that go on. */
export interface MendedAnswer extends Acceptance {
  readonly how: 'corrected' | 'accepted';
  readonly runs: readonly { readonly run_id: string; readonly ticker: string }[];
  /** What became of the corrected file; null when none was given. */
  readonly taken: TakeInReport | null;
}

interface ParkedRun {
  readonly runId: string;
  readonly ticker: string;
  readonly parked: Parked;
}

/**
 * The parked runs of the tenant. One that was parked a moment ago may be missing: Temporal lists it a little later.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function listParked(temporal: TemporalGateway, context: Context): Promise<ParkedRunsAnswer> {
  const runIds = await runsAtStage(temporal, context, PARKED);
  const asked = await Promise.all(runIds.map(async (runId) => ({ runId, run: await parkedRun(temporal, runId) })));
  return {
    parked: asked.flatMap(({ run }) =>
      typeof run !== 'object'
        ? []
        : [{ run_id: run.runId, ticker: run.ticker, ...parkedState(run.parked), ui: temporal.uiLink(run.runId) }],
    ),
    unanswered: asked.flatMap(({ runId, run }) => (run === undefined ? [runId] : [])),
  };
}

/**
 * Takes a corrected file in, as an upload is, and lets the parked runs that it concerns start over on what is known
 * then. A refused file leaves everything as it was.
 * @throws StockcastError RUN_UNKNOWN, MENDING_REFUSED, FILE_REFUSED, FILE_UNREADABLE, UPLOAD_BUSY, TEMPORAL_UNAVAILABLE
 */
export async function correctParked(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  { files, asKnownNow = false, ...request }: CorrectionRequest,
): Promise<MendedAnswer> {
  const { by = context.principal, ...target } = request;
  const reason = request.reason ?? (files === undefined ? 'corrected elsewhere' : `corrected with ${files.pricesName}`);
  const found = await parkedRuns(temporal, context, target);
  requireWords({ by, reason });
  let concerned = found;
  // What has nothing of the parked tickers may be a slip, which would change the history of others.
  const accept = (tickers: readonly string[]) => {
    concerned = found.filter(({ ticker }) => tickers.includes(ticker));
    if (concerned.length > 0) return;
    const parked = found.map(({ ticker }) => ticker).join(', ');
    throw refused(`${files?.pricesName} has no rows of ${parked}, but of ${tickers.join(', ')}; nothing was stored`);
  };
  const taken = files === undefined ? null : await takeInPrices(services, context, { ...files, accept });
  const knownAt = context.clock.now().toISOString();
  const correction: Correction = { by, reason, knownAt, ...(asKnownNow ? { asKnownNow } : {}) };
  for (const { runId } of concerned) await sendUpdate(temporal, runId, CORRECT_UPDATE, correction, refused);
  return { how: 'corrected', by, reason, runs: named(concerned), taken };
}

/**
 * Lets parked runs go on as they are: on the good rows, or with naive where no candidate passed.
 * @throws StockcastError RUN_UNKNOWN, MENDING_REFUSED, TEMPORAL_UNAVAILABLE
 */
export async function acceptParked(
  temporal: TemporalGateway,
  context: Context,
  { by = context.principal, reason, ...target }: AcceptanceRequest,
): Promise<MendedAnswer> {
  const found = await parkedRuns(temporal, context, target);
  const acceptable = found.filter(({ parked }) => parked.acceptable);
  if (acceptable.length === 0) throw refused(`only a correction helps: ${found[0]!.parked.message.replace(/\.$/, '')}`);
  for (const { runId } of acceptable) await sendUpdate(temporal, runId, ACCEPT_UPDATE, { by, reason }, refused);
  return { how: 'accepted', by, reason, runs: named(acceptable), taken: null };
}

/** The parked runs that are meant, at least one. */
async function parkedRuns(
  temporal: TemporalGateway,
  context: Context,
  { runId, ticker }: ParkedTarget,
): Promise<ParkedRun[]> {
  const { workflow, status } = await standingOf(temporal, context, runId);
  if (status !== 'running') throw refused(`the run has ended already: ${status}`);
  if (workflow !== TRAIN_TICKER && workflow !== TRAIN_UNIVERSE) throw refused(`${runId} is never parked itself`);
  const asked = await Promise.all(
    (workflow === TRAIN_TICKER ? [runId] : await childrenOf(temporal, runId)).map((id) => parkedRun(temporal, id)),
  );
  const parked = asked.filter((run) => typeof run === 'object');
  const meant = parked.filter((run) => ticker === undefined || run.ticker === ticker);
  if (meant.length > 0) return meant;
  if (asked.includes(undefined)) throw noWorker();
  throw refused(ticker === undefined ? 'the run is not parked' : `${ticker} is not parked in this run`);
}

async function childrenOf(temporal: TemporalGateway, runId: string): Promise<string[]> {
  const progress = await askRun<UniverseProgress>(temporal, runId, PROGRESS_QUERY);
  if (progress === undefined) throw noWorker();
  return progress === 'ended' ? [] : progress.running.map(({ workflowId }) => workflowId);
}

/** Undefined when no worker answers, `no` when the run is not parked. */
async function parkedRun(temporal: TemporalGateway, runId: string): Promise<ParkedRun | 'no' | undefined> {
  const progress = await askRun<TickerProgress>(temporal, runId, PROGRESS_QUERY);
  if (progress === undefined) return undefined;
  if (progress === 'ended' || progress.parked === undefined) return 'no';
  return { runId, ticker: progress.ticker, parked: progress.parked };
}

function named(runs: readonly ParkedRun[]): MendedAnswer['runs'] {
  return runs.map(({ runId, ticker }) => ({ run_id: runId, ticker }));
}

// The run would refuse it too, but only after the file was taken in.
function requireWords({ by, reason }: Acceptance): void {
  if (by.trim() === '' || reason.trim() === '') throw refused('a name and a reason are needed');
}

function noWorker(): StockcastError {
  return refused('no worker answers; start one and say it again');
}

function refused(problem: string, cause?: Error): StockcastError {
  return new StockcastError('MENDING_REFUSED', { problem }, cause === undefined ? {} : { cause });
}
