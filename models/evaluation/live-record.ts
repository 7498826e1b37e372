import type { ForecastScore } from '../../domain/scoring.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { lossRatio } from './metrics.ts';
import { dieboldMariano } from './statistics/index.ts';

/** How the intervals of one level did, and what they promised. */
export interface LiveIntervals {
  readonly level: number;
  readonly n: number;
  readonly coverage: number;
  /** Mean Winkler score; lower is better. */
  readonly winkler: number;
}

/** What scored forecasts come to, with naive's on the same sessions. */
export interface LiveRecord {
  readonly n: number;
  readonly firstOrigin: string;
  readonly lastOrigin: string;
  readonly rmse: number;
  readonly naiveRmse: number;
  readonly rmseRatioToNaive: number;
  /** Diebold-Mariano against naive, one-sided: small when the forecasts are better, or worse, than naive's. */
  readonly pBetter: number;
  readonly pWorse: number;
  /** Share of directions that were right; neutral forecasts and unchanged prices count as half. */
  readonly directionalAccuracy: number;
  readonly alwaysUpAccuracy: number;
  readonly intervals: readonly LiveIntervals[];
}

/** One score for each origin session, of several versions of a kind that of the forecast made first; by session. */
export function onePerSession(scores: readonly ForecastScore[]): ForecastScore[] {
  const first = new Map<string, ForecastScore>();
  for (const score of scores) {
    const other = first.get(score.originSession);
    const isEarlier =
      other === undefined ||
      score.madeAt < other.madeAt ||
      (score.madeAt === other.madeAt && score.modelId < other.modelId);
    if (isEarlier) first.set(score.originSession, score);
  }
  return [...first.values()].sort((a, b) => (a.originSession < b.originSession ? -1 : 1));
}

/** What scores come to; undefined where there is none. @param scores one for each origin session, ascending */
export function liveRecord(scores: readonly ForecastScore[], horizon: Horizon): LiveRecord | undefined {
  const n = scores.length;
  if (n === 0) return undefined;
  const mean = (value: (score: ForecastScore) => number) => scores.reduce((sum, score) => sum + value(score), 0) / n;
  const [rmse, naiveRmse] = [Math.sqrt(mean(({ error }) => error ** 2)), Math.sqrt(mean((s) => s.naiveError ** 2))];
  const { pBetter, pWorse } = dieboldMariano(Float64Array.from(scores, lossDifferential), horizon);
  const levels = [...new Set(scores.flatMap(({ intervals }) => intervals.map(({ level }) => level)))].sort();
  return {
    n,
    firstOrigin: scores[0]!.originSession,
    lastOrigin: scores.at(-1)!.originSession,
    rmse,
    naiveRmse,
    rmseRatioToNaive: lossRatio(rmse, naiveRmse),
    pBetter,
    pWorse,
    directionalAccuracy: mean(({ directionRight }) => (directionRight === null ? 0.5 : directionRight ? 1 : 0)),
    alwaysUpAccuracy: mean(({ logReturn }) => (Math.sign(logReturn) + 1) / 2),
    intervals: levels.map((level) => intervalsOf(scores, level)),
  };
}

/** By how much the squared error is larger than naive's. */
export function lossDifferential({ error, naiveError }: Pick<ForecastScore, 'error' | 'naiveError'>): number {
  return error ** 2 - naiveError ** 2;
}

function intervalsOf(scores: readonly ForecastScore[], level: number): LiveIntervals {
  const outcomes = scores.flatMap(({ intervals }) => intervals.filter((each) => each.level === level));
  const n = outcomes.length;
  return {
    level,
    n,
    coverage: outcomes.filter(({ inside }) => inside).length / n,
    winkler: outcomes.reduce((sum, { winkler }) => sum + winkler, 0) / n,
  };
}
