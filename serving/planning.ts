import type { SessionDate, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { datasetIdentity } from '../domain/dataset.ts';
import { StockcastError } from '../domain/errors.ts';
import { wasPutThereSince } from '../domain/experiment.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../domain/horizon.ts';
import { type Json, shortHash } from '../domain/identity.ts';
import { POOL, type TrainingWindow } from '../domain/model-version.ts';
import type { SearchBudget, SearchPlan } from '../domain/parameter-search.ts';
import { DEFAULT_PARKING, type ParkingPolicy } from '../domain/parking.ts';
import type { PooledModel, TrainingPlan } from '../domain/run.ts';
import { DEFAULT_WINDOW } from '../models/evaluation/walk-forward.ts';
import { KINDS, type Kind, kindNamed } from '../models/kinds.ts';
import { freeSpace } from '../models/search/search-space.ts';
import { type History, historyOf, listTickers } from './histories.ts';
import { newestPooledThen, productionThen } from './known-then.ts';
import type { Services } from './services.ts';
import { requireEnoughSessions } from './snapshots.ts';

/** What a person may ask of a training; everything has a default. */
export interface TrainingWish {
  readonly horizons?: readonly Horizon[];
  /** Candidate kinds; the baselines are trained beside them always. */
  readonly kinds?: readonly string[];
  readonly window?: TrainingWindow;
  readonly scaleTargets?: boolean;
  readonly embargo?: number;
  readonly requireApproval?: boolean;
  readonly seed: number;
  readonly parameters?: { readonly [kind: string]: Json };
  /** How many settings of each kind to try before training; by default the parameters are as given. */
  readonly search?: SearchBudget;
  /** What to do where a person could mend the run. */
  readonly parking?: ParkingPolicy;
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
  /** Names the pooled models that the ticker may adopt, by everything that decides them. */
  readonly pool?: string;
}

/** Runs that would train many tickers, and the pool that they share. */
export interface PlannedUniverse {
  /** Tickers that have too few sessions are among them, with no last session. */
  readonly runs: readonly PlannedRun[];
  readonly pool?: { readonly id: string; readonly tickers: readonly string[] };
  /** The pooled models that are there already, where no pool is to be trained. */
  readonly pooled?: readonly PooledModel[];
}

/** The kind that serves where no candidate passed. */
export const FALLBACK_KIND = 'naive';

/** Most tickers that one pooled model learns from: their sequences must fit into memory together. */
const POOL_SIZE = 64;

/**
 * Fills in the defaults and checks every part of the wish.
 * @throws StockcastError MODEL_KIND_UNKNOWN, PARAMETER_INVALID, REQUEST_INVALID
 */
export function trainingPlan(wish: TrainingWish): TrainingPlan {
  const asked = wish.kinds?.map(kindNamed);
  const wanted = new Set(asked?.flatMap((kind) => ['members' in kind ? kind.members : [], kind.name].flat()));
  // In the table's order, so that the order of asking makes no other plan.
  const kinds = KINDS.filter(({ name, role }) => role === 'baseline' || asked === undefined || wanted.has(name));
  const parameters = wish.parameters ?? {};
  for (const [kind, overrides] of Object.entries(parameters)) kindNamed(kind).parameters(overrides);
  const horizons = [...new Set(wish.horizons ?? DEFAULT_HORIZONS)].sort((a, b) => a - b);
  if (horizons.length === 0) throw new StockcastError('REQUEST_INVALID', { field: 'horizons', problem: 'none given' });
  return {
    horizons,
    kinds: kinds.map(({ name }) => name),
    baselines: kinds.filter(({ role }) => role === 'baseline').map(({ name }) => name),
    pooledKinds: kinds.filter((kind) => kind.pooled && 'learner' in kind).map(({ name }) => name),
    members: Object.fromEntries(kinds.flatMap((kind) => ('members' in kind ? [[kind.name, kind.members]] : []))),
    window: wish.window ?? DEFAULT_WINDOW,
    scaleTargets: wish.scaleTargets ?? true,
    embargo: wish.embargo ?? 0,
    seed: wish.seed,
    requireApproval: wish.requireApproval ?? false,
    parameters,
    parking: wish.parking ?? DEFAULT_PARKING,
    ...(wish.search === undefined ? {} : { search: searchPlan(wish.search, kinds, parameters) }),
  };
}

/** What of a plan's kinds is searched: those fitted on one ticker that have parameters to search and not given. */
function searchPlan(budget: SearchBudget, kinds: readonly Kind[], parameters: TrainingPlan['parameters']): SearchPlan {
  const { trials, maxSeconds } = budget;
  const searched = kinds.filter((kind) => {
    const space = 'learner' in kind && !kind.pooled ? kind.learner.space : undefined;
    return space !== undefined && Object.keys(freeSpace(space, parameters[kind.name] ?? {})).length > 0;
  });
  if (searched.length > 0) {
    return { kinds: searched.map(({ name }) => name), trials, ...(maxSeconds === undefined ? {} : { maxSeconds }) };
  }
  const names = kinds.filter(({ role }) => role === 'candidate').map(({ name }) => name);
  const problem = `there is nothing to search: ${names.join(', ') || 'a run without candidates'} has no parameters to look for, or they are given`;
  throw new StockcastError('REQUEST_INVALID', { field: 'search', problem });
}

/**
 * Names the run that would train a ticker on what is known from a vantage.
 * @throws StockcastError TICKER_UNKNOWN
 * @throws StockcastError TOO_FEW_SESSIONS also when prices are held but none can be seen from the vantage
 */
export async function planTicker(services: Services, context: Context, request: RunRequest): Promise<PlannedRun> {
  return named(services, context, request, await identify(services, context, request));
}

/**
 * Names the runs that would train many tickers, and the pool that they share where the plan has pooled kinds.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function planUniverse(
  services: Services,
  context: Context,
  tickers: readonly string[],
  request: Omit<RunRequest, 'ticker' | 'pool'>,
): Promise<PlannedUniverse> {
  const identified: { ticker: string; identity: RunIdentity | undefined }[] = [];
  for (const ticker of [...new Set(tickers)].sort()) {
    try {
      identified.push({ ticker, identity: await identify(services, context, { ...request, ticker }) });
    } catch (error) {
      if (!(error instanceof StockcastError) || error.code !== 'TOO_FEW_SESSIONS') throw error;
      identified.push({ ticker, identity: undefined });
    }
  }
  // One ticker alone is no pool, but may adopt what was fitted on many before.
  const { pooled, ...known } = await newestPool(services, context, request);
  const own = poolOf(request.plan, identified);
  const pool = own ?? (known.pool === undefined ? undefined : { id: known.pool, tickers: [] });
  const runs: PlannedRun[] = [];
  for (const { ticker, identity } of identified) {
    if (identity === undefined) {
      runs.push({ workflowId: `too-few/${ticker}`, ticker, lastSession: '', stands: true });
    } else {
      const withPool = { ...request, ticker, ...(pool === undefined ? {} : { pool: pool.id }) };
      runs.push(await named(services, context, withPool, identity));
    }
  }
  return { runs, ...(pool === undefined ? {} : { pool }), ...(own === undefined ? { pooled } : {}) };
}

/**
 * The newest pooled models of the plan's kinds as seen from the vantage, and the name of their pool. A run as of a date
 * adopts none that learnt from anything learnt later.
 */
export async function newestPool(
  services: Services,
  context: Context,
  { plan, vantage, live }: Pick<RunRequest, 'plan' | 'vantage' | 'live'>,
): Promise<{ readonly pooled: readonly PooledModel[]; readonly pool?: string }> {
  const wanted = plan.horizons.flatMap((horizon) => plan.pooledKinds.map((kind) => ({ horizon, kind })));
  const found = await Promise.all(
    wanted.map(({ horizon, kind }) =>
      live
        ? services.registry.newest(context, POOL, horizon, kind, { asOf: vantage.asOf })
        : newestPooledThen(services, context, horizon, kind, vantage),
    ),
  );
  const models = found.filter((model) => model !== undefined);
  if (models.length === 0) return { pooled: [] };
  // A pool's run is named after all that decides it, so that one ticker alone joins what a universe did for it.
  const runs = new Set(models.map(({ runId }) => runId));
  const pool = runs.size === 1 ? models[0]!.runId.split('/').at(-1)! : shortHash(models.map(({ id }) => id));
  return { pooled: models.map(({ id, kind, horizon }) => ({ kind, horizon, modelId: id })), pool };
}

/** What decides a run of one ticker, apart from the pool. */
interface RunIdentity {
  readonly hash: string;
  readonly lastSession: SessionDate;
}

async function identify(services: Services, context: Context, request: RunRequest): Promise<RunIdentity> {
  const { ticker, live, vantage } = request;
  // How long a run waits for a person, and for what, decides nothing about it.
  const { parking: _, ...plan } = request.plan;
  const history = await visibleHistory(services, context, request);
  requireEnoughSessions(ticker, history.series.dates.length, plan.horizons, live ? undefined : vantage.asOf);
  const lastSession = history.series.dates.at(-1)!;
  const datasetId = datasetIdentity(history.series, history.events);
  const { codeVersion, thresholds } = services;
  // Other thresholds may choose otherwise; what was computed is then there already, and the gate alone decides again.
  const decided = { ticker, datasetId, plan, live, codeVersion, thresholds: { ...thresholds } };
  return { hash: shortHash(decided), lastSession };
}

async function named(
  services: Services,
  context: Context,
  request: RunRequest,
  { hash, lastSession }: RunIdentity,
): Promise<PlannedRun> {
  const { ticker, pool } = request;
  const whole = pool === undefined ? hash : shortHash({ hash, pool });
  const workflowId = `train/${context.tenant}/${ticker}/${lastSession}/${whole}`;
  return { workflowId, ticker, lastSession, stands: await stands(services, context, workflowId, request) };
}

function poolOf(
  plan: TrainingPlan,
  identified: readonly { readonly ticker: string; readonly identity: RunIdentity | undefined }[],
): PlannedUniverse['pool'] {
  const members = identified
    .flatMap(({ ticker, identity }) => (identity === undefined ? [] : [{ ticker, hash: identity.hash }]))
    .slice(0, POOL_SIZE);
  if (members.length < 2 || plan.pooledKinds.length === 0) return undefined;
  return { id: shortHash(members.map(({ hash }) => hash)), tickers: members.map(({ ticker }) => ticker) };
}

async function visibleHistory(services: Services, context: Context, request: RunRequest): Promise<History> {
  const { ticker, vantage, plan, live } = request;
  try {
    return await historyOf(services, context, ticker, vantage);
  } catch (error) {
    if (!(error instanceof StockcastError) || error.code !== 'TICKER_UNKNOWN') throw error;
    const held = (await listTickers(services, context)).some((summary) => summary.ticker === ticker);
    if (held) requireEnoughSessions(ticker, 0, plan.horizons, live ? undefined : vantage.asOf);
    throw error;
  }
}

/** Whether, for each horizon, what the run chose is in production (as of its date unless live) and its object there. */
async function stands(services: Services, context: Context, runId: string, request: RunRequest): Promise<boolean> {
  const { ticker, plan, live, vantage } = request;
  for (const horizon of plan.horizons) {
    const chosen = await services.ledger.newestOf(context, runId, ticker, horizon);
    if (chosen === undefined) return false;
    const production = live
      ? await services.ledger.production(context, ticker, horizon)
      : (await productionThen(services, context, ticker, horizon, { ...vantage, asOf: chosen.asOf }))?.promotion;
    if (production !== undefined && wasPutThereSince(production, chosen)) continue;
    if (production?.modelId !== chosen.modelId) return false;
    const model = await services.registry.find(context, chosen.modelId);
    if (model === undefined || !(await services.objects.exists(context, model.objectKey))) return false;
  }
  return true;
}
