import type { Instant, SessionDate } from './bar.ts';
import type { Evaluation } from './evaluation.ts';
import type { Stage } from './gate.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';

/** The name that pooled models go by in a ticker's place; no ticker is written in small letters. */
export const POOL = 'pool';

/** How many of the newest sessions a model learns from. */
export type TrainingWindow = number | 'all';

/** One of the datasets that a pooled model learnt from. */
export interface PanelMember {
  readonly ticker: string;
  readonly datasetId: string;
}

/** Everything that decides a model's bytes; its content hash is the model's id. */
export interface ModelIdentity {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  /** Of a pooled model, the hash of its panel; of the version that a ticker adopted, that ticker's own. */
  readonly datasetId: string;
  /** Of a pooled model and of those who adopted it: all datasets that it learnt from, in its order. */
  readonly panel?: readonly PanelMember[];
  readonly featureSet: string;
  readonly window: TrainingWindow;
  /** Whether it learns the return over its forecast volatility. */
  readonly scaleTargets: boolean;
  /** Sessions left out between training labels and the first forecast of an evaluation, beyond the horizon. */
  readonly embargo: number;
  readonly parameters: Json;
  readonly seed: number;
  /** How its parameters were searched for, if they were. */
  readonly search?: SearchRecord;
  /** Ids of the models that it was made from: an ensemble's members, or the pooled model that a ticker adopted. */
  readonly madeFrom: readonly string[];
  /** Hash of the sources that compute: domain, models and the adjustment of prices. */
  readonly codeVersion: string;
  /** What did the arithmetic, for example `typescript`. */
  readonly backend: string;
}

/** What a search for parameters tried: part of a model's identity, since the choice decides its bytes. */
export interface SearchRecord {
  readonly trials: number;
  readonly seed: number;
  /** The newest session that the search saw; the model is judged on later ones alone. */
  readonly until: SessionDate;
  /** Whether a time cap ended it early, so that it can't be repeated exactly. */
  readonly cutShort: boolean;
}

/** The part of a version that decided its bytes. */
export function identityOf(model: ModelIdentity): ModelIdentity {
  return {
    ticker: model.ticker,
    horizon: model.horizon,
    kind: model.kind,
    datasetId: model.datasetId,
    ...(model.panel === undefined ? {} : { panel: model.panel }),
    featureSet: model.featureSet,
    window: model.window,
    scaleTargets: model.scaleTargets,
    embargo: model.embargo,
    parameters: model.parameters,
    seed: model.seed,
    ...(model.search === undefined ? {} : { search: model.search }),
    madeFrom: model.madeFrom,
    codeVersion: model.codeVersion,
    backend: model.backend,
  };
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
  /** The newest certificate written for it, and whether it passed the gate. */
  readonly certificate?: CertificateRef;
}

/** The part of a version that names what was kept for it. */
export type ModelReferences = Pick<
  ModelVersion,
  'id' | 'ticker' | 'datasetId' | 'panel' | 'featureSet' | 'codeVersion' | 'objectKey' | 'certificate'
>;

/** A row of the ledger or of the forecasts that names a model. */
export interface ModelMention {
  readonly modelId: string;
  readonly certificateId?: string;
}

/** A certificate by its hash, with its verdict. */
export interface CertificateRef {
  readonly id: string;
  readonly passed: boolean;
}

/** The stage of a version; `serving` is the id of the model in production. */
export function stageOf(
  model: { readonly id: string; readonly certificate?: CertificateRef },
  serving?: string,
): Stage {
  if (model.id === serving) return 'production';
  return model.certificate?.passed === true ? 'staging' : 'development';
}

/** The id by which people name an entry of the ledger, for example `promotion-42`. */
export function promotionId({ entry }: Pick<Promotion, 'entry'>): string {
  return `promotion-${entry}`;
}

/** Reads the id of an entry of the ledger; undefined for any other text. */
export function parsePromotionId(text: string): number | undefined {
  const [, entry] = /^promotion-(\d{1,15})$/.exec(text) ?? [];
  return entry === undefined ? undefined : Number(entry);
}

/** A move of the `production` alias, or the reason why it stayed; kept for ever. */
export interface Promotion {
  /** Number of the entry, ascending in the order of entering. */
  readonly entry: number;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly asOf: SessionDate;
  readonly modelId: string;
  readonly kind: string;
  /** What was in production as of that date before this entry, if anything. */
  readonly previousModelId?: string;
  readonly reasons: readonly string[];
  /** Hash of the certificate that it rests on. */
  readonly certificateId?: string;
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
  /** Set when a person moved the alias back; such an entry has no run, and names of itself instead. */
  readonly isRollback?: true;
}
