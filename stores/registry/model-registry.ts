import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { CertificateRef, ModelReferences, ModelVersion } from '../../domain/model-version.ts';

/** A model as it is entered: its version is given to it, its evaluation and certificate come later. */
export type NewModelVersion = Omit<ModelVersion, 'version' | 'evaluation' | 'certificate'>;

/** A version as a ranking of many needs it. */
export interface ModelStanding
  extends Pick<ModelVersion, 'id' | 'kind' | 'version' | 'asOf' | 'datasetId' | 'certificate'> {
  /** Absent when it was not evaluated. */
  readonly rmseRatioToNaive?: number;
}

/** Which versions count; by default all. */
export interface VersionFilter {
  /** Those trained as of this date or earlier. */
  readonly asOf?: SessionDate;
  /** Those that an evaluation, or a certificate, was entered for. */
  readonly having?: 'evaluation' | 'certificate';
}

/** The model versions of all tickers. */
export interface ModelRegistry {
  /** Enters a trained model under its id and gives it the next version number; entering it again changes nothing. */
  register(context: Context, model: NewModelVersion): Promise<ModelVersion>;
  /**
   * Adds what evaluation found; the same again changes nothing.
   * @throws RangeError when no such model is registered
   */
  recordEvaluation(context: Context, modelId: string, evaluation: Evaluation): Promise<void>;
  /**
   * Notes the newest certificate written for it.
   * @throws RangeError when no such model is registered
   */
  recordCertificate(context: Context, modelId: string, certificate: CertificateRef): Promise<void>;
  find(context: Context, modelId: string): Promise<ModelVersion | undefined>;
  /** The newest version of a kind, of those that the filter lets through, by as-of date and then version. */
  newest(
    context: Context,
    ticker: string,
    horizon: Horizon,
    kind: string,
    filter?: VersionFilter,
  ): Promise<ModelVersion | undefined>;
  /** Kinds that have a version for the ticker and horizon, ascending. */
  kinds(context: Context, ticker: string, horizon: Horizon): Promise<string[]>;
  /** All versions for a ticker and horizon, by kind and version, in the little that ranking them takes. */
  standings(context: Context, ticker: string, horizon: Horizon): Promise<ModelStanding[]>;
  /** What every version of every ticker points to, each once; those registered meanwhile may be missing. */
  references(context: Context): AsyncIterable<ModelReferences>;
}
