import { type Kysely, sql } from 'kysely';

/** What was found about models that serve: one report per model and session, entered once and never changed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table drift (
      tenant text not null,
      model_id text not null,
      session date not null,
      ticker text not null,
      horizon integer not null,
      kind text not null,
      alarms text[] not null,
      report json not null,
      made_at timestamptz not null,
      retraining_run_id text,
      primary key (tenant, model_id, session)
    )`.execute(db);
  await sql`create index drift_by_ticker on drift (tenant, ticker, horizon, session desc, made_at desc)`.execute(db);
}
