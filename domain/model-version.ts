import type { Instant, SessionDate } from './bar.ts';
import type { Evaluation } from './evaluation.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';

/** How many of the newest sessions a model learns from. */
export type TrainingWindow = number | 'all';

/** Everything that decides a model's bytes; its content hash is the model's id. */
export interface ModelIdentity {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  readonly datasetId: string;
  readonly featureSet: string;
  readonly window: TrainingWindow;
  readonly parameters: Json;
  readonly seed: number;
  /** Hash of the sources that compute: domain and models. */
  readonly codeVersion: string;
  /** What did the arithmetic, for example `typescript`. */
  readonly backend: string;
}

/** A trained model as the registry knows it. `version` counts from 1 per ticker, horizon and kind. */
export interface ModelVersion extends ModelIdentity {
  readonly id: string;
  readonly version: number;
  readonly asOf: SessionDate;
  readonly objectKey: string;
  readonly nTrainingRows: number;
  readonly trainedAt: Instant;
  readonly runId: string;
  readonly evaluation?: Evaluation;
}

/** A move of the `production` alias, or the reason why it stayed; kept for ever. */
export interface Promotion {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly asOf: SessionDate;
  readonly modelId: string;
  readonly kind: string;
  /** What was in production as of that date before this entry, if anything. */
  readonly previousModelId?: string;
  readonly reasons: readonly string[];
  readonly principal: string;
  /** Workflow id of the run. */
  readonly runId: string;
  /** Which execution of the run: the same request, asked again when its outcome no longer stood, is another. */
  readonly executionId: string;
  /** False when an as-of date was asked for: such an entry never moves the live alias. */
  readonly live: boolean;
  readonly at: Instant;
  /** Whether the live alias moved: not when `asOf` lies before that of a live entry, nor when it already served. */
  readonly movedLive: boolean;
}
