import type { Horizon } from '../../domain/horizon.ts';
import { inputsOf, learningRows, withLookback } from '../evaluation/learning-rows.ts';
import { type EvaluationOptions, walkForward } from '../evaluation/raw-forecasts.ts';
import { shrunk } from '../evaluation/shrinkage.ts';
import { walkForwardFolds } from '../evaluation/walk-forward.ts';
import { buildFeatures } from '../features/build-features.ts';
import { forecastVolatility } from '../intervals/volatility.ts';
import type { ModelKind } from '../model.ts';
import type { LeakageSubject } from './leakage-subject.ts';
import type { PriceHistory } from './price-history.ts';

/** One fit forecasts all that follows, so that a check costs four fits and not four evaluations. */
const ONE_FOLD = 1e6;

/**
 * The way in which a kind is trained and evaluated on one ticker, made up of the same functions, for the leakage checks.
 * @param adjust takes corporate events into account (`market/adjustment.ts`)
 */
export function subjectOf(
  learner: ModelKind,
  history: PriceHistory,
  horizon: Horizon,
  options: EvaluationOptions,
  adjust: LeakageSubject['adjust'],
): LeakageSubject {
  const lookback = learner.lookback?.(options.parameters) ?? 1;
  const { window, embargo = 0 } = options;
  const { refitEvery } = learner;
  return {
    histories: [history],
    horizon,
    lookback,
    adjust,
    buildFeatures,
    volatility: ({ adjustedClose }) => forecastVolatility(adjustedClose, horizon),
    learningRows: ([features]) => {
      const { rows, y, ordinals } = withLookback(learningRows(features!, horizon), lookback);
      return { X: inputsOf(features!, rows, lookback), y, ordinals };
    },
    folds: (ordinals) =>
      walkForwardFolds(ordinals, { horizon, window, embargo, ...(refitEvery === undefined ? {} : { refitEvery }) }),
    forecastOutOfSample: (panel) => {
      const raw = walkForward(learner, panel, horizon, { ...options, stepSize: ONE_FOLD });
      // The sign is the fitted model's own, and the shrinkage is in it: both must not change with the future.
      return shrunk(raw, horizon, learner.role).map((series) => ({
        ordinals: series.ordinals,
        yHat: series.raw.map((value, i) => value * (1 + series.shrinkage[i]!)),
      }));
    },
  };
}
