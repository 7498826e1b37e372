import { type Kysely, sql } from 'kysely';

/**
 * Forecasts as of a past day, apart from those that were given live, each with its vantage; and which requests in the
 * audit asked for one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table forecast_as_of (
      like forecast,
      id text not null,
      as_of date not null,
      known_at timestamptz not null,
      primary key (tenant, id)
    )`.execute(db);
  await sql`create index forecast_as_of_by_ticker on forecast_as_of (tenant, ticker, horizon)`.execute(db);
  await sql`alter table prediction_log add column as_of date`.execute(db);
}
