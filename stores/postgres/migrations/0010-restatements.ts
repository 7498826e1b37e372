import { type Kysely, sql } from 'kysely';

/** Which ingests changed known history, and how, by ticker; what was changed itself lies in the versions of the bars. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table restatement (
      tenant text not null,
      id text not null,
      ingest_id text not null,
      source text not null,
      learnt_at timestamptz not null,
      retraining_run_id text,
      primary key (tenant, id)
    )`.execute(db);
  await sql`
    create table restatement_of_ticker (
      tenant text not null,
      id text not null,
      ticker text not null,
      report json not null,
      primary key (tenant, id, ticker),
      foreign key (tenant, id) references restatement
    )`.execute(db);
  await sql`create index restatement_by_time on restatement (tenant, learnt_at)`.execute(db);
  await sql`create index restatement_by_ticker on restatement_of_ticker (tenant, ticker)`.execute(db);
}
