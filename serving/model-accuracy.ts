import type { Context } from '../domain/context.ts';
import type { Horizon } from '../domain/horizon.ts';
import { lossRatio } from '../models/evaluation/metrics.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import type { Services } from './services.ts';

const AT_A_TIME = 8;

/** How well a kind did out of sample where it serves, as means over its tickers. */
export interface KindAccuracy {
  readonly kind: string;
  readonly horizon: Horizon;
  /** Tickers that it serves and was evaluated for. */
  readonly n: number;
  readonly rmseRatioToNaive: number;
  readonly directionalAccuracy: number;
  readonly coverage80: number;
}

/** The figures of what serves now, by kind and horizon. */
export async function modelAccuracy(services: Services, context: Context): Promise<KindAccuracy[]> {
  const serving = await services.ledger.serving(context);
  const groups = new Map<string, { kind: string; horizon: Horizon; figures: number[][] }>();
  const models = await aFewAtATime(serving, ({ modelId }) => services.registry.find(context, modelId), AT_A_TIME);
  for (const model of models) {
    if (model?.evaluation === undefined) continue;
    const { kind, horizon, evaluation } = model;
    const key = `${kind}/${horizon}`;
    const group = groups.get(key) ?? { kind, horizon, figures: [] };
    groups.set(key, group);
    const coverage = evaluation.intervals.find(({ level }) => level === 0.8)?.model.coverage ?? Number.NaN;
    group.figures.push([evaluation.rmseRatioToNaive, evaluation.directionalAccuracy, coverage]);
  }
  return [...groups.values()].map(({ kind, horizon, figures }) => {
    const mean = (column: number) => figures.reduce((sum, row) => sum + row[column]!, 0) / figures.length;
    return {
      ...{ kind, horizon, n: figures.length },
      rmseRatioToNaive: mean(0),
      directionalAccuracy: mean(1),
      coverage80: mean(2),
    };
  });
}

/** What the live forecasts of a kind came to, all tickers together. */
export interface LiveAccuracy {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly n: number;
  readonly rmse: number;
  readonly rmseRatioToNaive: number;
  /** Undefined where no forecast had such intervals, or none a direction. */
  readonly coverage80: number | undefined;
  readonly coverage95: number | undefined;
  readonly rightShare: number | undefined;
  /** Tickers that it serves although its live record is significantly behind naive. */
  readonly nBehind: number;
}

/** How the live forecasts of each kind and horizon did, by their scores. */
export async function liveAccuracy(services: Services, context: Context): Promise<LiveAccuracy[]> {
  const [tallies, flags] = await Promise.all([services.scores.liveTallies(context), services.scores.flags(context)]);
  return tallies.map(({ kind, horizon, n, squaredErrors, naiveSquaredErrors, intervals, directed, right }) => {
    const coverage = (level: number) => {
      const found = intervals.find((each) => each.level === level);
      return found === undefined ? undefined : found.inside / found.n;
    };
    const rmse = Math.sqrt(squaredErrors / n);
    return {
      ...{ kind, horizon, n, rmse },
      rmseRatioToNaive: lossRatio(rmse, Math.sqrt(naiveSquaredErrors / n)),
      coverage80: coverage(0.8),
      coverage95: coverage(0.95),
      rightShare: directed === 0 ? undefined : right / directed,
      nBehind: flags.filter((flag) => flag.kind === kind && flag.horizon === horizon).length,
    };
  });
}
