import type { Vantage } from '../domain/bar.ts';
import { newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import {
  type CoverageCheck,
  type DriftBatch,
  type DriftCursor,
  type DriftReport,
  MOST_NAMED_ALARMS,
  type Untold,
  isTold,
} from '../domain/drift.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { ForecastScore } from '../domain/scoring.ts';
import {
  LEAST_WINDOW,
  LEAST_WINDOWS,
  type NamedColumn,
  compareWindows,
  windowLength,
} from '../models/drift/compare-windows.ts';
import { checkCoverage } from '../models/drift/coverage.ts';
import { judgeDrift } from '../models/drift/judge-drift.ts';
import { RESIDUAL_LEVEL, residualsOutOfSample } from '../models/drift/residual-window.ts';
import { outOfSample } from '../models/evaluation/calibrated.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { FEATURE_SET, type FeatureMatrix } from '../models/features/feature-matrix.ts';
import { featuresSeenFrom } from './feature-store.ts';
import { adjusted } from './histories.ts';
import { productionThen } from './known-then.ts';
import { unlessLost } from './lost-objects.ts';
import { datasetManifestKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { readSnapshot } from './snapshots.ts';
import { readSeries } from './walk-forward-series.ts';

/** Models of one batch: each costs a reading of its history, its dataset and its out-of-sample forecasts. */
const DRIFT_BATCH = 20;
/** Newest live forecasts of a model that its coverage is counted on, at most: a year. */
const COVERAGE_WINDOW = 252;
const MOST_FORECASTS = 2000;
const RESIDUAL = 'residual';
const SHORTEST_REFERENCE = LEAST_WINDOW * LEAST_WINDOWS;

/** Which models are looked at, seen from where. */
export interface DriftRequest {
  readonly vantage: Vantage;
  /** Default: all tickers of which something serves. */
  readonly ticker?: string;
  /** Only what comes after this one. */
  readonly after?: DriftCursor;
  readonly batch?: number;
}

/** The tickers and horizons of which something serves, by ticker and horizon. */
export async function watched(
  services: Services,
  context: Context,
  { ticker }: Pick<DriftRequest, 'ticker'>,
): Promise<DriftCursor[]> {
  const serving = await services.ledger.serving(context);
  return serving
    .filter((entry) => ticker === undefined || entry.ticker === ticker)
    .map(({ ticker: of, horizon }) => ({ ticker: of, horizon }))
    .sort((a, b) => (isAfter(a, b) ? 1 : -1));
}

/** Looks at the next models for drift and enters a report of each, unless there is one of its model and session. */
export async function checkDriftBatch(
  services: Services,
  context: Context,
  { vantage, after, batch = DRIFT_BATCH, ...asked }: DriftRequest,
): Promise<DriftBatch> {
  const left = (await watched(services, context, asked)).filter((each) => after === undefined || isAfter(each, after));
  const reports: DriftReport[] = [];
  for (const each of left.slice(0, batch)) {
    const model = await servingThen(services, context, each, vantage);
    if (model === undefined) continue;
    reports.push(await services.drift.enter(context, await driftReport(services, context, model, vantage)));
  }
  const alarming = reports.filter(({ alarms }) => alarms.length > 0);
  const last = left.length > batch ? left[batch - 1] : undefined;
  return {
    checked: reports.length,
    untold: reports.filter(isUntold).length,
    nAlarming: alarming.length,
    alarming: alarming
      .slice(0, MOST_NAMED_ALARMS)
      .map(({ ticker, horizon, kind, modelId, alarms }) => ({ ticker, horizon, kind, modelId, alarms })),
    ...(last === undefined ? {} : { after: last }),
  };
}

/** What can be said about the drift of one model from a vantage; nothing is entered. */
export async function driftReport(
  services: Services,
  context: Context,
  model: ModelVersion,
  vantage: Vantage,
): Promise<DriftReport> {
  const { ticker, horizon, kind, id: modelId, version: modelVersion } = model;
  const seen = await featuresSeenFrom(services, context, ticker, vantage);
  const scores = (await services.scores.ofTicker(context, ticker, { horizon, kind }))
    .filter((score) => score.live && score.modelId === modelId && score.targetSession <= vantage.asOf)
    .sort((a, b) => (a.originSession < b.originSession ? -1 : 1));
  const findings = {
    features: await featureDrift(services, context, model, seen.features),
    residuals: await residualDrift(services, context, model, scores),
    coverage80: coverage(scores, 0.8, model),
    coverage95: coverage(scores, 0.95, model),
  };
  return {
    ...{ ticker, horizon, kind, modelId, modelVersion },
    session: seen.session,
    ...findings,
    ...judgeDrift(findings),
    madeAt: context.clock.now().toISOString(),
  };
}

async function featureDrift(
  services: Services,
  context: Context,
  { ticker, datasetId, featureSet, window }: ModelVersion,
  now: FeatureMatrix,
): Promise<DriftReport['features']> {
  if (featureSet !== FEATURE_SET) {
    return { untold: `its features are ${featureSet}, these sources compute ${FEATURE_SET}` };
  }
  const dataset = await unlessLost(readSnapshot(services, context, datasetManifestKey(ticker, datasetId)));
  if (dataset === undefined) return { untold: 'the dataset that it learnt from is no longer there' };
  const then = buildFeatures(adjusted(dataset));
  const from = window === 'all' ? 0 : Math.max(0, then.dates.length - window);
  const nReference = then.dates.length - from;
  const lastLearnt = dataset.series.dates.at(-1)!;
  const nNew = now.dates.filter((date) => date > lastLearnt).length;
  const length = windowLength(nReference, nNew);
  const untold =
    tooFew('its training window is too short to compare with', nReference, SHORTEST_REFERENCE) ??
    tooFew('too few new sessions since it was trained', nNew, LEAST_WINDOW);
  if (untold !== undefined) return untold;
  const start = now.dates.length - length;
  return {
    ...compareWindows(columnsOf(then, from), columnsOf(now, start)),
    training: { first: then.dates[from]!, last: then.dates.at(-1)! },
    window: { first: now.dates[start]!, last: now.dates.at(-1)! },
  };
}

async function residualDrift(
  services: Services,
  context: Context,
  { ticker, horizon, kind, id }: ModelVersion,
  scores: readonly ForecastScore[],
): Promise<DriftReport['residuals']> {
  const few = tooFew('not enough matured forecasts', scores.length, LEAST_WINDOW);
  if (few !== undefined) return few;
  const series = await unlessLost(readSeries(services, context, ticker, id));
  if (series === undefined) return { untold: 'its out-of-sample forecasts are no longer there' };
  const reference = residualsOutOfSample(outOfSample(series, horizon), horizon);
  const made = await services.forecasts.ofTicker(context, ticker, { horizon, kind, limit: MOST_FORECASTS });
  const widths = new Map(
    made
      .filter(({ modelId }) => modelId === id)
      .map(({ originSession, intervals }) => [originSession, intervals.find(({ level }) => level === RESIDUAL_LEVEL)]),
  );
  const live = Float64Array.from(scores, ({ originSession, error }) => {
    const interval = widths.get(originSession);
    return interval === undefined ? Number.NaN : (2 * error) / (interval.upper - interval.lower);
  }).filter(Number.isFinite);
  const untold =
    tooFew('too few out-of-sample forecasts', reference.length, SHORTEST_REFERENCE) ??
    tooFew('not enough matured forecasts with intervals', live.length, LEAST_WINDOW);
  if (untold !== undefined) return untold;
  const newest = live.slice(-windowLength(reference.length, live.length));
  return compareWindows([{ name: RESIDUAL, values: reference }], [{ name: RESIDUAL, values: newest }]);
}

function coverage(scores: readonly ForecastScore[], level: number, { horizon }: ModelVersion): CoverageCheck | Untold {
  const inside = scores.flatMap(({ intervals }) =>
    intervals.filter((interval) => interval.level === level).map((interval) => interval.inside),
  );
  return (
    tooFew('not enough matured forecasts', inside.length, LEAST_WINDOW) ??
    checkCoverage(inside.slice(-COVERAGE_WINDOW), level, horizon)
  );
}

function tooFew(what: string, n: number, needed: number): Untold | undefined {
  return n < needed ? { untold: `${what}: ${n} of ${needed}` } : undefined;
}

function columnsOf({ names, X }: FeatureMatrix, from: number): NamedColumn[] {
  return names.map((name, j) => ({
    name,
    values: Float64Array.from({ length: X.nRows - from }, (_, i) => X.values[(from + i) * X.nColumns + j]!),
  }));
}

/** What serves, or as of a past day what did. */
async function servingThen(
  services: Services,
  context: Context,
  { ticker, horizon }: DriftCursor,
  vantage: Vantage,
): Promise<ModelVersion | undefined> {
  if (vantage.asOf < newYorkDate(context.clock.now())) {
    return (await productionThen(services, context, ticker, horizon, vantage))?.model;
  }
  const promotion = await services.ledger.production(context, ticker, horizon);
  return promotion === undefined ? undefined : services.registry.find(context, promotion.modelId);
}

function isUntold({ features, residuals, coverage80, coverage95 }: DriftReport): boolean {
  return ![features, residuals, coverage80, coverage95].some(isTold);
}

function isAfter(a: DriftCursor, b: DriftCursor): boolean {
  return a.ticker === b.ticker ? a.horizon > b.horizon : a.ticker > b.ticker;
}
