import { type Kysely, sql } from 'kysely';

/** The audit of forecasts that were asked for, and the way from a ticker to its past forecasts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table prediction_log (
      tenant text not null,
      id uuid not null,
      at timestamptz not null,
      request_id text not null,
      principal text not null,
      route text not null,
      ticker text not null,
      horizon integer not null,
      asked text,
      duration_ms double precision not null,
      cache text,
      code text,
      model_id text,
      kind text,
      origin_session date,
      price_target double precision,
      confidence double precision,
      primary key (tenant, id)
    )`.execute(db);
  await sql`create index prediction_log_by_time on prediction_log (tenant, at)`.execute(db);
  await sql`create index forecast_by_ticker on forecast (tenant, ticker, horizon, origin_session)`.execute(db);
}
