import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  DEFAULT_RULE,
  type Experiment,
  type ExperimentLine,
  type ExperimentMode,
  SPLIT_BY,
  type Split,
  experimentEntryName,
} from '../domain/experiment.ts';
import type { Horizon } from '../domain/horizon.ts';
import { shortHash } from '../domain/identity.ts';
import type { ModelVersion, Promotion } from '../domain/model-version.ts';
import { KINDS } from '../models/kinds.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import { forecastBy } from './forecasting.ts';
import { knownTickers } from './histories.ts';
import { FALLBACK_KIND } from './planning.ts';
import { newestOfKind } from './newest-of-kind.ts';
import type { Services } from './services.ts';

const LEAST_LOOK = 10;
const LAST_LOOK = 10_000;
const MOST_LOOKS = 20;
const LARGEST_ALPHA = 0.2;

/** What is to be held against what serves, and how. */
export interface ExperimentRequest {
  readonly tickers: readonly string[];
  readonly horizon: Horizon;
  /** A kind, whose newest version of each ticker is meant, or for one ticker the id of a model or its beginning. */
  readonly challenger: string;
  readonly mode: ExperimentMode;
  /** Of a split, and of nothing else. */
  readonly share?: number | undefined;
  /** Default: ticker. */
  readonly splitBy?: string | undefined;
  /** Default: `DEFAULT_RULE`. */
  readonly looks?: readonly number[] | undefined;
  readonly alpha?: number | undefined;
  /** Who says so; default: the principal of the context. */
  readonly by?: string | undefined;
}

/**
 * Starts an experiment against what serves now, for as long as that serves. Both models forecast the newest session
 * first, so that a challenger that cannot is refused.
 * @throws StockcastError TICKER_UNKNOWN, HORIZON_INVALID, REQUEST_INVALID, EXPERIMENT_REFUSED
 */
export async function startExperiment(
  services: Services,
  context: Context,
  request: ExperimentRequest,
): Promise<Experiment> {
  const { horizon, mode, challenger } = request;
  const rule = { looks: request.looks ?? DEFAULT_RULE.looks, alpha: request.alpha ?? DEFAULT_RULE.alpha };
  checkRule(rule.looks, rule.alpha);
  const split = splitOf(request);
  const asked = [...new Set(request.tickers)].sort();
  if (asked.length === 0) throw notPossible('tickers', 'none is named');
  await knownTickers(services, context, asked);
  if (asked.length > 1 && !isKind(challenger)) {
    throw notPossible('challenger', `"${challenger}" is no kind, and for several tickers a kind is needed`);
  }
  const startedAt = context.clock.now().toISOString();
  const lines = await aFewAtATime(asked, async (ticker): Promise<ExperimentLine> => {
    const serving = await services.ledger.production(context, ticker, horizon);
    if (serving === undefined) throw refused(ticker, horizon, 'nothing serves that could be challenged');
    const model = await challengerOf(services, context, ticker, request);
    checkChallenger(serving, model, request);
    for (const each of [await services.registry.find(context, serving.modelId), model]) {
      if (each !== undefined) await forecastBy(services, context, each);
    }
    return {
      ticker,
      champion: { modelId: serving.modelId, kind: serving.kind },
      challenger: { modelId: model.id, kind: model.kind },
    };
  });
  const body = { horizon, mode, ...(split === undefined ? {} : { split }), rule, lines, startedAt };
  const experiment: Experiment = {
    ...body,
    id: shortHash({ tenant: context.tenant, ...body }),
    state: 'running',
    looks: [],
    reasons: [],
    startedBy: (request.by ?? context.principal).trim() || context.principal,
  };
  const other = await services.experiments.start(context, experiment);
  if (other === undefined) return experiment;
  const problem = `the experiment ${other} runs for it; one at a time, since each changes what the other is held against`;
  throw refused(asked.join(', '), horizon, problem);
}

/** @throws StockcastError EXPERIMENT_UNKNOWN */
export async function experimentNamed(services: Services, context: Context, id: string): Promise<Experiment> {
  const found = await services.experiments.find(context, id);
  if (found === undefined) throw new StockcastError('EXPERIMENT_UNKNOWN', { id });
  return found;
}

/**
 * Ends a running experiment without a verdict; one that has ended stays as it ended.
 * @throws StockcastError EXPERIMENT_UNKNOWN, REQUEST_INVALID without a reason
 */
export async function stopExperiment(
  services: Services,
  context: Context,
  id: string,
  request: { readonly reason: string; readonly by?: string | undefined },
): Promise<Experiment> {
  const [by, reason] = [(request.by ?? context.principal).trim() || context.principal, request.reason.trim()];
  if (reason === '') throw notPossible('reason', 'is empty, the ledger needs it');
  const experiment = await experimentNamed(services, context, id);
  if (experiment.state !== 'running') return experiment;
  await endExperiment(services, context, experiment, 'ended', [`Stopped by ${by}: ${reason}`], by);
  return experimentNamed(services, context, id);
}

/** Ends an experiment; the ledger keeps, with what serves, that it does so still and why. */
export async function endExperiment(
  services: Services,
  context: Context,
  experiment: Experiment,
  state: 'kept' | 'ended',
  reasons: readonly string[],
  by: string,
): Promise<void> {
  for (const { ticker } of experiment.lines) {
    const serving = await services.ledger.production(context, ticker, experiment.horizon);
    if (serving === undefined) continue;
    await services.ledger.replace(context, {
      ...{ ticker, horizon: experiment.horizon, from: serving.modelId, to: serving },
      reasons: [`Experiment ${experiment.id} ${state === 'kept' ? 'keeps what serves' : 'ended'}`, ...reasons],
      principal: by,
      runId: experimentEntryName(context, experiment.id),
    });
  }
  await services.experiments.end(context, experiment.id, {
    state,
    reasons,
    endedAt: context.clock.now().toISOString(),
  });
}

/** Whether a challenger may serve: naive always may, others by their certificate alone. */
export function mayServe({ kind, certificate }: Pick<ModelVersion, 'kind' | 'certificate'>): boolean {
  return kind === FALLBACK_KIND || certificate?.passed === true;
}

async function challengerOf(
  services: Services,
  context: Context,
  ticker: string,
  { horizon, challenger, mode }: ExperimentRequest,
): Promise<ModelVersion> {
  if (isKind(challenger)) {
    // Who answers a share of requests must have a certificate.
    const having = mode === 'split' ? 'certificate' : 'evaluation';
    const newest = await newestOfKind(services, context, { ticker, horizon, kind: challenger }, having);
    if (newest === undefined) throw refused(ticker, horizon, `no ${challenger} model is trained for it`);
    return newest;
  }
  if (!/^[0-9a-f]{4,64}$/.test(challenger)) {
    const problem = `"${challenger}" is neither the id of a model, nor the first four digits or more of one, nor a kind`;
    throw notPossible('challenger', problem);
  }
  const standings = await services.registry.standings(context, ticker, horizon);
  const found = standings.filter(({ id }) => id.startsWith(challenger));
  if (found.length > 1)
    throw notPossible('challenger', `${found.length} models of ${ticker} begin so, give more digits`);
  const model = found[0] && (await services.registry.find(context, found[0].id));
  if (model === undefined) throw refused(ticker, horizon, `no model ${challenger} is registered for it`);
  return model;
}

function checkChallenger(serving: Promotion, model: ModelVersion, { mode }: ExperimentRequest): void {
  const { ticker, horizon } = serving;
  const name = `${model.kind} ${model.id.slice(0, 12)}`;
  if (model.id === serving.modelId) throw refused(ticker, horizon, `${name} serves it already`);
  if (model.evaluation === undefined) {
    throw refused(ticker, horizon, `${name} was never evaluated, so its forecasts are not kept`);
  }
  if (mode === 'split' && !mayServe(model)) {
    throw refused(
      ticker,
      horizon,
      `${name} has no certificate that it passed the gate, so nobody may be answered by it; it can be run in shadow`,
    );
  }
}

function checkRule(looks: readonly number[], alpha: number): void {
  const isAscending = looks.every((n, i) => Number.isSafeInteger(n) && n > (looks[i - 1] ?? 0));
  const [first = 0, last = 0] = [looks[0], looks.at(-1)];
  if (!isAscending || first < LEAST_LOOK || last > LAST_LOOK || looks.length > MOST_LOOKS) {
    const expected = `1 to ${MOST_LOOKS} ascending whole numbers from ${LEAST_LOOK} to ${LAST_LOOK}`;
    throw notPossible('looks', `"${looks.join(',')}" is not possible, expected ${expected}`);
  }
  if (!(alpha > 0 && alpha <= LARGEST_ALPHA)) {
    throw notPossible('alpha', `${alpha} is not possible, expected a number above 0, at most ${LARGEST_ALPHA}`);
  }
}

function splitOf({ mode, share, splitBy }: ExperimentRequest): Split | undefined {
  if (mode === 'shadow') {
    if (share !== undefined) throw notPossible('share', 'belongs to a split, and this is a shadow');
    if (splitBy !== undefined) throw notPossible('split_by', 'belongs to a split, and this is a shadow');
    return undefined;
  }
  if (share === undefined) throw notPossible('share', 'is missing: a split needs one');
  if (!(share > 0 && share <= 1)) throw notPossible('share', `${share} is not possible, expected above 0, at most 1`);
  const by = splitBy === undefined ? SPLIT_BY[0] : SPLIT_BY.find((each) => each === splitBy);
  if (by === undefined)
    throw notPossible('split_by', `"${splitBy}" is not possible, expected ${SPLIT_BY.join(' or ')}`);
  return { share, by };
}

function isKind(name: string): boolean {
  return KINDS.some((kind) => kind.name === name);
}

function notPossible(field: string, problem: string): StockcastError {
  return new StockcastError('REQUEST_INVALID', { field, problem });
}

function refused(ticker: string, horizon: Horizon, problem: string): StockcastError {
  return new StockcastError('EXPERIMENT_REFUSED', { ticker, horizon, problem });
}
