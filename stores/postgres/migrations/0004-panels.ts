import { type Kysely, sql } from 'kysely';

/** The datasets that a pooled model learnt from, by which it can be trained again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table model add column panel json`.execute(db);
}
