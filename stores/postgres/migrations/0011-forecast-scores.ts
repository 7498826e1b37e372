import { type Kysely, sql } from 'kysely';

/**
 * What came of each forecast, entered once and never changed, and which models that serve were found to be behind naive.
 * The losses follow from the errors, so the database computes them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table forecast_score (
      tenant text not null,
      model_id text not null,
      origin_session date not null,
      horizon integer not null,
      ticker text not null,
      log_return double precision not null,
      error double precision not null,
      naive_error double precision not null,
      squared_error double precision not null generated always as (error * error) stored,
      naive_squared_error double precision not null generated always as (naive_error * naive_error) stored,
      direction_right boolean,
      intervals json not null,
      live boolean not null,
      vantage_as_of date not null,
      vantage_known_at timestamptz not null,
      scored_at timestamptz not null,
      primary key (tenant, model_id, origin_session, horizon),
      foreign key (tenant, model_id, origin_session, horizon) references forecast
    )`.execute(db);
  await sql`create index forecast_score_by_ticker on forecast_score (tenant, ticker, horizon, origin_session)`.execute(
    db,
  );
  await sql`create index forecast_by_target on forecast (tenant, ticker, target_session)`.execute(db);
  await sql`
    create table behind_naive (
      tenant text not null,
      ticker text not null,
      horizon integer not null,
      kind text not null,
      serves_since timestamptz not null,
      model_id text not null,
      n integer not null,
      rmse_ratio_to_naive double precision not null,
      p double precision not null,
      level double precision not null,
      found_at timestamptz not null,
      primary key (tenant, ticker, horizon, kind, serves_since)
    )`.execute(db);
}
