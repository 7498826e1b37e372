import type { Horizon } from '../../domain/horizon.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import type { Model, ModelKind } from '../model.ts';
import { inputsOf, learningRows, withLookback } from './learning-rows.ts';
import { type LearningOptions, isScaled } from './raw-forecasts.ts';

/**
 * How far the forecasts of two models of one kind lie apart: the root mean square of their difference over all rows of
 * the panel that can be learnt from, in forecast volatilities of the return.
 * @throws StockcastError MODEL_INPUT_INVALID when a model was fitted on other features
 */
export function forecastDistance(
  kind: ModelKind,
  models: readonly [Model, Model],
  panel: readonly FeatureMatrix[],
  horizon: Horizon,
  options: Pick<LearningOptions, 'parameters' | 'scaleTargets'>,
): number {
  const lookback = kind.lookback?.(options.parameters) ?? 1;
  let squares = 0;
  let n = 0;
  for (const features of panel) {
    const { rows, volatility } = withLookback(learningRows(features, horizon), lookback);
    const X = inputsOf(features, rows, lookback);
    const [a, b] = models.map((model) => model.predict(X)) as [Float64Array, Float64Array];
    const unit = isScaled(kind, options) ? undefined : volatility;
    a.forEach((forecast, i) => (squares += ((forecast - b[i]!) / (unit?.[i] ?? 1)) ** 2));
    n += a.length;
  }
  return n === 0 ? 0 : Math.sqrt(squares / n);
}
