import { type Kysely, Migrator } from 'kysely';
import * as tables from './migrations/0001-tables.ts';
import type { Schema } from './schema.ts';

/** In the order in which they run; one that has been released is never changed. */
const MIGRATIONS = { '0001-tables': tables };

/** Brings the tables up to date; may run in many processes at once. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error(`the tables cannot be brought up to date: ${String(error)}`);
}
