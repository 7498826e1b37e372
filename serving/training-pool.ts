import type { Evaluation } from '../domain/evaluation.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { Json } from '../domain/identity.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';

/** What to learn from what. `X`'s rows without a matured label are left out by the fit. */
export interface LearningTask {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly window: TrainingWindow;
  readonly seed: number;
  readonly parameters: Json;
  readonly features: FeatureMatrix;
}

/** A fitted model as its JSON object, with the number of rows that it learnt from. */
export interface FittedModel {
  readonly object: Json;
  readonly nTrainingRows: number;
}

export interface TaskOptions {
  /** Stops the computation at once; the promise then rejects with an AbortError. */
  readonly signal?: AbortSignal;
  /** Told the fraction done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** Where heavy computing happens, away from the thread that heartbeats. */
export interface TrainingPool {
  /** @throws StockcastError TOO_FEW_SESSIONS when too few rows have a matured label */
  fit(task: LearningTask, options?: TaskOptions): Promise<FittedModel>;
  evaluate(task: LearningTask, options?: TaskOptions): Promise<Evaluation>;
  close(): Promise<void>;
}
