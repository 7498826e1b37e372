import { type Kysely, sql } from 'kysely';

/** What searches for parameters have tried. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table trial (
      tenant text not null,
      search_id text not null,
      number integer not null,
      ticker text not null,
      horizon integer not null,
      kind text not null,
      parameters json not null,
      seed integer not null,
      until date not null,
      status text not null check (status in ('running', 'finished', 'failed', 'cancelled')),
      attempts integer not null,
      loss double precision check ((loss is not null) = (status = 'finished')),
      problem text,
      started_at timestamptz not null,
      ended_at timestamptz,
      primary key (tenant, search_id, number)
    )`.execute(db);
  await sql`create index trial_of_ticker on trial (tenant, ticker, horizon, kind, started_at)`.execute(db);
}
