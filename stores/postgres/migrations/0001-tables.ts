import { type Kysely, sql } from 'kysely';

/**
 * Bars and events with their versions, models, promotions, forecasts. Promotions and forecasts name models without a
 * foreign key, because the registry may lie elsewhere. Documents are `json`, not `jsonb`, which would refuse texts with
 * a NUL and give up the order of fields.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ingest (
      tenant text not null,
      id text not null,
      source text not null,
      accepted_rows integer not null,
      rejected_rows integer not null,
      report json not null,
      learnt_at timestamptz not null,
      primary key (tenant, id)
    )`.execute(db);
  await sql`
    create table bar_version (
      tenant text not null,
      ticker text not null,
      date date not null,
      version integer not null,
      sector text not null,
      open double precision not null,
      high double precision not null,
      low double precision not null,
      close double precision not null,
      volume double precision not null,
      learnt_at timestamptz not null,
      ingest_id text not null,
      primary key (tenant, ticker, date, version)
    )`.execute(db);
  // What is known of each ticker now, kept by every merge: counting versions takes seconds on a large universe.
  await sql`
    create table holding (
      tenant text not null,
      ticker text not null,
      sector text not null,
      sessions integer not null,
      first_session date not null,
      last_session date not null,
      primary key (tenant, ticker)
    )`.execute(db);
  await sql`
    create table event_version (
      tenant text not null,
      ticker text not null,
      date date not null,
      kind text not null check (kind in ('split', 'dividend')),
      version integer not null,
      value double precision not null,
      learnt_at timestamptz not null,
      ingest_id text not null,
      primary key (tenant, ticker, date, kind, version)
    )`.execute(db);
  await sql`
    create table model (
      tenant text not null,
      id text not null,
      ticker text not null,
      horizon integer not null,
      kind text not null,
      version integer not null,
      as_of date not null,
      dataset_id text not null,
      feature_set text not null,
      training_window json not null,
      parameters json not null,
      seed integer not null,
      code_version text not null,
      backend text not null,
      object_key text not null,
      n_training_rows integer not null,
      trained_at timestamptz not null,
      run_id text not null,
      evaluation json,
      primary key (tenant, id),
      unique (tenant, ticker, horizon, kind, version)
    )`.execute(db);
  await sql`
    create table promotion (
      tenant text not null,
      id bigint generated always as identity primary key,
      ticker text not null,
      horizon integer not null,
      as_of date not null,
      model_id text not null,
      kind text not null,
      previous_model_id text,
      reasons json not null,
      principal text not null,
      run_id text not null,
      at timestamptz not null,
      moved_live boolean not null,
      unique (tenant, run_id, ticker, horizon)
    )`.execute(db);
  await sql`create index promotion_by_ticker on promotion (tenant, ticker, horizon, id)`.execute(db);
  await sql`
    create table forecast (
      tenant text not null,
      model_id text not null,
      origin_session date not null,
      horizon integer not null,
      ticker text not null,
      kind text not null,
      model_version integer not null,
      target_session date not null,
      current_price double precision not null,
      log_return double precision not null,
      confidence double precision not null,
      baseline_ratio double precision,
      notes json not null,
      made_at timestamptz not null,
      primary key (tenant, model_id, origin_session, horizon)
    )`.execute(db);
}
