import { type Kysely, sql } from 'kysely';

/**
 * The ledger tells executions of a run apart, so that a run asked for again makes an entry of its own, and live entries
 * from those as of a date. Entries from before had one execution per run, and any could move the live alias.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table promotion add column execution_id text, add column live boolean`.execute(db);
  await sql`update promotion set execution_id = run_id, live = true`.execute(db);
  await sql`
    alter table promotion
      alter column execution_id set not null,
      alter column live set not null,
      drop constraint promotion_tenant_run_id_ticker_horizon_key,
      add unique (tenant, execution_id, ticker, horizon)`.execute(db);
  await sql`create index promotion_by_run on promotion (tenant, run_id)`.execute(db);
}
