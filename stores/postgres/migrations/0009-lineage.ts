import { type Kysely, sql } from 'kysely';

/**
 * Which datasets have been taken of a ticker, those that models name among them, and which entries of the ledger went
 * back. What a dataset holds is for its manifest to say.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table dataset (
      tenant text not null,
      id text not null,
      ticker text not null,
      taken_at timestamptz not null,
      primary key (tenant, id)
    )`.execute(db);
  await sql`create index dataset_of_ticker on dataset (tenant, ticker, taken_at)`.execute(db);
  // A pooled model names its panel there, which is no dataset.
  await sql`
    insert into dataset (tenant, id, ticker, taken_at)
    select tenant, dataset_id, ticker, min(trained_at) from model where ticker <> 'pool'
    group by tenant, dataset_id, ticker
    on conflict do nothing`.execute(db);
  await sql`alter table promotion add column is_rollback boolean not null default false`.execute(db);
}
