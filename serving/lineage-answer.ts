import type { Json } from '../domain/identity.ts';

// Nodes name each other by id, so that what is shared (a dataset of several members) stands there once.

/** A forecast, and the newest price that it looked at. */
export interface ForecastNode {
  readonly forecast_id: string;
  readonly ticker: string;
  readonly horizon: number;
  readonly as_of: string;
  /** The past day as of which it was asked for; null of a live one. */
  readonly as_known_on: string | null;
  readonly target_date: string;
  readonly current_price: number;
  readonly price_target: number;
  readonly made_at: string;
  readonly model_id: string;
  readonly certificate_id: string | null;
  /** The bar of the session `as_of` as it was known where the forecast looks from; null when it is no longer held. */
  readonly origin: { readonly version: number; readonly learnt_at: string; readonly ingest_id: string } | null;
  /** Bars and events up to that session that were restated after the moment that the forecast looks from. */
  readonly restated_since: number;
}

/** A certificate, if it can be read. */
export interface CertificateNode {
  readonly certificate_id: string;
  readonly model_id: string;
  readonly passed: boolean;
  readonly stage: string;
  readonly reasons: readonly string[];
}

/** An entry of the ledger that chose a model. */
export interface PromotionNode {
  readonly promotion_id: string;
  readonly model_id: string;
  readonly certificate_id: string | null;
  readonly as_of: string;
  readonly at: string;
  readonly live: boolean;
  readonly moved_live: boolean;
  readonly rollback: boolean;
  readonly principal: string;
  /** As the ledger has them: how the run was mended, by whom and why, among them. */
  readonly reasons: readonly string[];
  readonly run_id: string;
}

/** A model version, by all that decided it. */
export interface ModelNode {
  readonly model_id: string;
  readonly ticker: string;
  readonly horizon: number;
  readonly model: string;
  readonly model_version: number;
  readonly as_of: string;
  readonly trained_at: string;
  readonly run_id: string;
  readonly certificate_id: string | null;
  /** The models that it was made from: an ensemble's members, or the pooled model that the ticker adopted. */
  readonly made_from: readonly string[];
  readonly feature_set: string;
  readonly features: readonly FeaturesNode[];
  readonly datasets: readonly string[];
  readonly window: number | 'all';
  readonly scale_targets: boolean;
  readonly embargo: number;
  readonly parameters: Json;
  readonly seed: number;
  /** How its parameters were searched for; null when they were not. */
  readonly search: { readonly trials: number; readonly seed: number; readonly until: string } | null;
  readonly n_training_rows: number;
  readonly code_version: string;
  /** Whether the sources that compute are still those. */
  readonly code_is_current: boolean;
  readonly backend: string;
  readonly object_key: string;
  readonly object_found: boolean;
}

/** The stored features of one dataset. */
export interface FeaturesNode {
  readonly dataset_id: string;
  readonly key: string;
  readonly found: boolean;
}

/** A row that is not the first version of its session or ex-date. */
export interface RestatedRow {
  readonly date: string;
  readonly kind: string;
  readonly version: number;
  readonly learnt_at: string;
}

/** A dataset, and the merges that its rows (bars and events) came from. */
export interface DatasetNode {
  readonly dataset_id: string;
  readonly ticker: string;
  readonly manifest_key: string;
  readonly taken_at: string;
  readonly sessions: number;
  readonly events: number;
  readonly first_session: string;
  readonly last_session: string;
  readonly came_from: readonly {
    readonly ingest_id: string;
    readonly rows: number;
    readonly first_session: string;
    readonly last_session: string;
  }[];
  /** Rows that are restatements: how many, and the first hundred. */
  readonly restated: { readonly n: number; readonly first: readonly RestatedRow[] };
  /** Rows that no version held now agrees with. */
  readonly untraced: number;
}

/** A merge of a file or of what a source told. */
export interface IngestNode {
  /** SHA-256 of the content. */
  readonly ingest_id: string;
  readonly source: string;
  readonly learnt_at: string;
  readonly accepted_rows: number;
  readonly rejected_rows: number;
}

/** All that a forecast, promotion, model, certificate or dataset was made from, as the API and the CLI give it. */
export interface LineageAnswer {
  readonly id: string;
  readonly kind: 'forecast' | 'promotion' | 'model' | 'certificate' | 'dataset';
  readonly forecast: ForecastNode | null;
  readonly certificates: readonly CertificateNode[];
  /** Newest first. */
  readonly promotions: readonly PromotionNode[];
  /** The model that the id leads to first, then what it was made from. */
  readonly models: readonly ModelNode[];
  readonly datasets: readonly DatasetNode[];
  readonly ingests: readonly IngestNode[];
  /** Every link that leads nowhere, in words; empty when the chain is whole. */
  readonly missing: readonly string[];
}
