import type { Horizon } from '../../domain/horizon.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { rowRange } from '../matrix.ts';
import type { Model, ModelKind } from '../model.ts';
import type { LearningOptions } from './evaluate.ts';
import { labelledRows, tooFewSessions } from './labelled-rows.ts';
import { LEAST_TRAINING_ROWS } from './walk-forward.ts';

/**
 * Fits a model for keeps: on the newest `window` sessions whose label is known, so on nothing after the newest bar.
 * @throws StockcastError TOO_FEW_SESSIONS when fewer than 10 labels are known
 */
export function fitNewest(
  kind: ModelKind,
  features: FeatureMatrix,
  horizon: Horizon,
  options: LearningOptions,
): { model: Model; nTrainingRows: number } {
  const rows = labelledRows(features, horizon);
  const { X, y } = rows;
  if (y.length < LEAST_TRAINING_ROWS) throw tooFewSessions(features, rows, horizon);
  const from = options.window === 'all' ? 0 : Math.max(0, y.length - options.window);
  const model = kind.fit(rowRange(X, from, y.length), y.slice(from), options.parameters, options);
  return { model, nTrainingRows: y.length - from };
}
