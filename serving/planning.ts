import type { SessionDate, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { datasetIdentity } from '../domain/dataset.ts';
import { StockcastError } from '../domain/errors.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../domain/horizon.ts';
import { type Json, shortHash } from '../domain/identity.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import type { TrainingPlan } from '../domain/run.ts';
import { DEFAULT_WINDOW } from '../models/evaluation/walk-forward.ts';
import { MODEL_KINDS, kindNamed } from '../models/kinds.ts';
import { type History, historyOf, listTickers } from './histories.ts';
import type { Services } from './services.ts';
import { requireEnoughSessions } from './snapshots.ts';

/** What a person may ask of a training; everything has a default. */
export interface TrainingWish {
  readonly horizons?: readonly Horizon[];
  /** Candidate kinds; the baselines are trained beside them always. */
  readonly kinds?: readonly string[];
  readonly window?: TrainingWindow;
  readonly seed: number;
  readonly parameters?: { readonly [kind: string]: Json };
}

/** A run that would train a ticker: equal data, plan and code give an equal workflow id. */
export interface PlannedRun {
  readonly workflowId: string;
  readonly ticker: string;
  /** The newest session that the run would learn from. */
  readonly lastSession: SessionDate;
  /** Whether the run has been made and its outcome is still in force, so that making it again would change nothing. */
  readonly stands: boolean;
}

/** What decides a run of one ticker, together with the data. */
export interface RunRequest {
  readonly ticker: string;
  readonly vantage: Vantage;
  readonly plan: TrainingPlan;
  /** Whether what it promotes may serve now: no as-of date was asked for. */
  readonly live: boolean;
}

/**
 * Fills in the defaults and checks every part of the wish.
 * @throws StockcastError MODEL_KIND_UNKNOWN, PARAMETER_INVALID, REQUEST_INVALID
 */
export function trainingPlan(wish: TrainingWish): TrainingPlan {
  const asked = wish.kinds?.map((name) => kindNamed(name).name);
  // In the table's order, so that the order of asking makes no other plan.
  const kinds = MODEL_KINDS.filter(
    ({ name, role }) => role === 'baseline' || asked === undefined || asked.includes(name),
  );
  const parameters = wish.parameters ?? {};
  for (const [kind, overrides] of Object.entries(parameters)) kindNamed(kind).parameters(overrides);
  const horizons = [...new Set(wish.horizons ?? DEFAULT_HORIZONS)].sort((a, b) => a - b);
  if (horizons.length === 0) throw new StockcastError('REQUEST_INVALID', { field: 'horizons', problem: 'none given' });
  return {
    horizons,
    kinds: kinds.map(({ name }) => name),
    window: wish.window ?? DEFAULT_WINDOW,
    seed: wish.seed,
    parameters,
  };
}

/**
 * Names the run that would train a ticker on what is known from a vantage.
 * @throws StockcastError TICKER_UNKNOWN
 * @throws StockcastError TOO_FEW_SESSIONS also when prices are held but none can be seen from the vantage
 */
export async function planTicker(services: Services, context: Context, request: RunRequest): Promise<PlannedRun> {
  const { ticker, plan, live } = request;
  const history = await visibleHistory(services, context, request);
  requireEnoughSessions(ticker, history.series.dates.length, plan.horizons);
  const lastSession = history.series.dates.at(-1)!;
  const datasetId = datasetIdentity(history.series, history.events);
  const { codeVersion } = services;
  const hash = shortHash({ ticker, datasetId, plan: { ...plan }, live, codeVersion });
  const workflowId = `train/${context.tenant}/${ticker}/${lastSession}/${hash}`;
  return { workflowId, ticker, lastSession, stands: await stands(services, context, workflowId, request) };
}

async function visibleHistory(services: Services, context: Context, request: RunRequest): Promise<History> {
  const { ticker, vantage, plan } = request;
  try {
    return await historyOf(services, context, ticker, vantage);
  } catch (error) {
    if (!(error instanceof StockcastError) || error.code !== 'TICKER_UNKNOWN') throw error;
    const held = (await listTickers(services, context)).some((summary) => summary.ticker === ticker);
    if (held) requireEnoughSessions(ticker, 0, plan.horizons);
    throw error;
  }
}

/** Whether, for each horizon, what the run chose is in production (as of its date unless live) and its object there. */
async function stands(services: Services, context: Context, runId: string, request: RunRequest): Promise<boolean> {
  const { ticker, plan, live } = request;
  for (const horizon of plan.horizons) {
    const chosen = await services.ledger.newestOf(context, runId, ticker, horizon);
    if (chosen === undefined) return false;
    const asOf = live ? undefined : chosen.asOf;
    const production = await services.ledger.production(context, ticker, horizon, asOf);
    if (production?.modelId !== chosen.modelId) return false;
    const model = await services.registry.find(context, chosen.modelId);
    if (model === undefined || !(await services.objects.exists(context, model.objectKey))) return false;
  }
  return true;
}
