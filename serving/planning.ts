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
import { historyOf } from './histories.ts';
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
 * @throws StockcastError TICKER_UNKNOWN, TOO_FEW_SESSIONS
 */
export async function planTicker(
  services: Services,
  context: Context,
  ticker: string,
  vantage: Vantage,
  plan: TrainingPlan,
): Promise<PlannedRun> {
  const history = await historyOf(services, context, ticker, vantage);
  requireEnoughSessions(history, plan.horizons);
  const lastSession = history.series.dates.at(-1)!;
  const datasetId = datasetIdentity(history.series, history.events);
  const { codeVersion } = services;
  const hash = shortHash({ ticker, datasetId, plan: { ...plan }, codeVersion });
  return { workflowId: `train/${context.tenant}/${ticker}/${lastSession}/${hash}`, ticker, lastSession };
}
