import type { Horizon } from '../../domain/horizon.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import type { Model, ModelKind } from '../model.ts';
import { betweenSessions, learningRows, tooFewSessions, withLookback } from './learning-rows.ts';
import { type LearningOptions, fitOn, lookbackOf } from './raw-forecasts.ts';
import { LEAST_TRAINING_ROWS } from './walk-forward.ts';

/**
 * Fits a model for keeps: on the newest `window` sessions of the panel whose label is known, so on nothing after the
 * newest bar.
 * @throws StockcastError TOO_FEW_SESSIONS, naming the first ticker, when fewer than 10 labels are known
 */
export function fitNewest(
  kind: ModelKind,
  panel: readonly FeatureMatrix[],
  horizon: Horizon,
  options: LearningOptions,
): { model: Model; nTrainingRows: number } {
  const lookback = lookbackOf(kind, options);
  const judged = panel.map((features) => learningRows(features, horizon));
  const days = [...new Set(judged.flatMap(({ ordinals }) => [...ordinals]))].sort((a, b) => a - b);
  const from = options.window === 'all' ? 0 : Math.max(0, days.length - options.window);
  const training = judged.map((rows) => withLookback(betweenSessions(rows, days[from] ?? 0, Infinity), lookback));
  const nTrainingRows = training.reduce((n, { rows }) => n + rows.length, 0);
  if (nTrainingRows < LEAST_TRAINING_ROWS) throw tooFewSessions(judged[0]!, horizon, lookback);
  return { model: fitOn(kind, training, horizon, options), nTrainingRows };
}
