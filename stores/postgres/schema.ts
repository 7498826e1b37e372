import type { ColumnType, Generated } from 'kysely';
import type { DriftReport } from '../../domain/drift.ts';
import type { Experiment, SplitBy } from '../../domain/experiment.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { PredictionInterval } from '../../domain/forecast.ts';
import type { Json } from '../../domain/identity.ts';
import type { IntervalOutcome } from '../../domain/scoring.ts';
import type { Trial } from '../../domain/parameter-search.ts';
import type { TickerRestatement } from '../../domain/restatement.ts';
import type { PanelMember, SearchRecord, TrainingWindow } from '../../domain/model-version.ts';

/** A JSON document: read as a value, written as text. */
type Document<T> = ColumnType<T, string, string>;

/** A forecast, live or as of a past day. */
interface ForecastRow {
  tenant: string;
  model_id: string;
  origin_session: string;
  horizon: number;
  ticker: string;
  kind: string;
  model_version: number;
  target_session: string;
  current_price: number;
  log_return: number;
  intervals: Document<readonly PredictionInterval[]>;
  confidence: number;
  direction_probability: number;
  certificate_id: string | null;
  baseline_ratio: number | null;
  notes: Document<readonly string[]>;
  made_at: string;
}

/** The tables; `migrations/` makes them. Dates are `YYYY-MM-DD`, timestamps ISO texts in UTC. */
export interface Schema {
  ingest: {
    tenant: string;
    id: string;
    source: string;
    accepted_rows: number;
    rejected_rows: number;
    report: Document<readonly string[]>;
    learnt_at: string;
  };
  bar_version: {
    tenant: string;
    ticker: string;
    date: string;
    version: number;
    sector: string;
    open: number;
    high: number;
    low: number;
    close: number;
    volume: number;
    learnt_at: string;
    ingest_id: string;
  };
  holding: {
    tenant: string;
    ticker: string;
    sector: string;
    sessions: number;
    first_session: string;
    last_session: string;
  };
  event_version: {
    tenant: string;
    ticker: string;
    date: string;
    kind: 'split' | 'dividend';
    version: number;
    value: number;
    learnt_at: string;
    ingest_id: string;
  };
  model: {
    tenant: string;
    id: string;
    ticker: string;
    horizon: number;
    kind: string;
    version: number;
    as_of: string;
    dataset_id: string;
    panel: ColumnType<readonly PanelMember[] | null, string | null, never>;
    feature_set: string;
    training_window: Document<TrainingWindow>;
    scale_targets: boolean;
    embargo: number;
    parameters: Document<Json>;
    seed: number;
    search: ColumnType<SearchRecord | null, string | null, never>;
    made_from: Document<readonly string[]>;
    code_version: string;
    backend: string;
    object_key: string;
    n_training_rows: number;
    trained_at: string;
    run_id: string;
    evaluation: ColumnType<Evaluation | null, string | null, string | null>;
    certificate_id: string | null;
    certificate_passed: boolean | null;
  };
  promotion: {
    tenant: string;
    id: Generated<number>;
    ticker: string;
    horizon: number;
    as_of: string;
    model_id: string;
    kind: string;
    previous_model_id: string | null;
    reasons: Document<readonly string[]>;
    certificate_id: string | null;
    principal: string;
    run_id: string;
    execution_id: string;
    live: boolean;
    at: string;
    moved_live: boolean;
    is_rollback: boolean;
  };
  dataset: {
    tenant: string;
    id: string;
    ticker: string;
    taken_at: string;
  };
  forecast: ForecastRow;
  forecast_as_of: ForecastRow & { id: string; as_of: string; known_at: string };
  restatement: {
    tenant: string;
    id: string;
    ingest_id: string;
    source: string;
    learnt_at: string;
    retraining_run_id: string | null;
  };
  restatement_of_ticker: {
    tenant: string;
    id: string;
    ticker: string;
    report: Document<TickerRestatement>;
  };
  trial: {
    tenant: string;
    search_id: string;
    number: number;
    ticker: string;
    horizon: number;
    kind: string;
    parameters: Document<Json>;
    seed: number;
    until: string;
    status: Trial['status'];
    attempts: number;
    loss: number | null;
    problem: string | null;
    started_at: string;
    ended_at: string | null;
  };
  forecast_score: {
    tenant: string;
    model_id: string;
    origin_session: string;
    horizon: number;
    ticker: string;
    log_return: number;
    error: number;
    naive_error: number;
    squared_error: ColumnType<number, never, never>;
    naive_squared_error: ColumnType<number, never, never>;
    direction_right: boolean | null;
    intervals: Document<readonly IntervalOutcome[]>;
    live: boolean;
    vantage_as_of: string;
    vantage_known_at: string;
    scored_at: string;
  };
  behind_naive: {
    tenant: string;
    ticker: string;
    horizon: number;
    kind: string;
    serves_since: string;
    model_id: string;
    n: number;
    rmse_ratio_to_naive: number;
    p: number;
    level: number;
    found_at: string;
  };
  drift: {
    tenant: string;
    model_id: string;
    session: string;
    ticker: string;
    horizon: number;
    kind: string;
    alarms: string[];
    report: Document<DriftReport>;
    made_at: string;
    retraining_run_id: string | null;
  };
  experiment: {
    tenant: string;
    id: string;
    horizon: number;
    mode: Experiment['mode'];
    share: number | null;
    split_by: SplitBy | null;
    looks: number[];
    alpha: number;
    state: Experiment['state'];
    reasons: Document<readonly string[]>;
    started_at: string;
    started_by: string;
    ended_at: string | null;
  };
  experiment_line: {
    tenant: string;
    experiment_id: string;
    ticker: string;
    horizon: number;
    champion_id: string;
    champion_kind: string;
    challenger_id: string;
    challenger_kind: string;
    running: boolean;
  };
  experiment_look: {
    tenant: string;
    experiment_id: string;
    n: number;
    rmse_ratio: number;
    p_better: number;
    p_worse: number;
    level: number;
    at: string;
  };
  mlflow_told: {
    server: string;
    tenant: string;
    subject: string;
    state: string;
    told_at: string;
  };
}
