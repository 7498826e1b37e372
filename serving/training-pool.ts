import type { Horizon } from '../domain/horizon.ts';
import type { Json } from '../domain/identity.ts';
import type { LeakageFindings } from '../domain/gate.ts';
import type { SessionDate } from '../domain/bar.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import type { RawForecasts } from '../models/evaluation/raw-forecasts.ts';
import type { State } from '../models/checkpoints.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';
import type { History } from './histories.ts';

/** What to learn from what. */
export interface LearningTask {
  /** Name of what is fitted (`MODEL_KINDS`). */
  readonly learner: string;
  readonly horizon: Horizon;
  readonly window: TrainingWindow;
  readonly scaleTargets: boolean;
  readonly embargo: number;
  /** Judged only on sessions after this one. */
  readonly after?: SessionDate;
  readonly seed: number;
  readonly parameters: Json;
  /** One ticker, or all those of a pooled model. Rows without a matured label are left out by the fit. */
  readonly panel: readonly FeatureMatrix[];
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
  /** Keeps what is done of a fit, a walk or a trial; absent: nothing is kept. */
  readonly checkpoints?: TaskCheckpoints;
}

/** Checkpoints of one task. */
export interface TaskCheckpoints {
  /** What was saved of an equal task on the same backend: goes on from there. */
  readonly resumeFrom?: State;
  /** Given each checkpoint with the fraction done by then, not more often than the pool is set to. */
  readonly save: (state: State, fraction: number) => void;
}

/** Where heavy computing happens, away from the thread that heartbeats. */
export interface TrainingPool {
  /** Name and version of what does a learner's arithmetic: part of a model's identity. */
  backend(learner: string): Promise<string>;
  /** @throws StockcastError TOO_FEW_SESSIONS when too few rows have a matured label */
  fit(task: LearningTask, options?: TaskOptions): Promise<FittedModel>;
  /** Walk-forward forecasts of each ticker of the panel. @throws StockcastError TOO_FEW_SESSIONS */
  walkForward(task: LearningTask, options?: TaskOptions): Promise<RawForecasts[]>;
  /** How wrong walk-forward forecasts of the panel are (`models/search/trial-loss.ts`). @throws StockcastError TOO_FEW_SESSIONS */
  trialLoss(task: LearningTask, options?: TaskOptions): Promise<number>;
  /** Searches for knowledge of the future in the features and forecasts of a ticker. */
  checkLeakage(task: LearningTask, history: History, options?: TaskOptions): Promise<LeakageFindings>;
  close(): Promise<void>;
}
