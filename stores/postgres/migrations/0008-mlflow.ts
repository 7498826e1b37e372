import { type Kysely, sql } from 'kysely';

/**
 * What each MLflow has been told, and in which state it was then; what it lacks follows from that and the tables
 * themselves. Without an MLflow nothing is written here.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mlflow_told (
      server text not null,
      tenant text not null,
      subject text not null,
      state text not null,
      told_at timestamptz not null,
      primary key (server, tenant, subject)
    )`.execute(db);
}
