import { sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Database } from '../postgres/database.ts';
import type { DatasetEntry, Ingest, LineageStore, RowVersion } from './lineage-store.ts';

/** Lineage in PostgreSQL, beside the bars and events that it speaks of. */
export class PostgresLineageStore implements LineageStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async enterDataset({ tenant }: Context, { id, ticker, takenAt }: DatasetEntry): Promise<void> {
    await this.#database.run((db) =>
      db
        .insertInto('dataset')
        .values({ tenant, id, ticker, taken_at: takenAt })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  datasets(
    { tenant }: Context,
    ticker: string,
    { limit, offset }: { readonly limit: number; readonly offset: number },
  ): Promise<DatasetEntry[]> {
    return this.#database.run((db) =>
      db
        .selectFrom('dataset')
        .select(['id', 'ticker', 'taken_at as takenAt'])
        .where('tenant', '=', tenant)
        .where('ticker', '=', ticker)
        .orderBy('taken_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .offset(offset)
        .execute(),
    );
  }

  datasetsBeginning({ tenant }: Context, prefix: string, limit: number): Promise<DatasetEntry[]> {
    return this.#database.run((db) =>
      db
        .selectFrom('dataset')
        .select(['id', 'ticker', 'taken_at as takenAt'])
        .where('tenant', '=', tenant)
        .where((eb) => eb(eb.fn('starts_with', ['id', eb.val(prefix)]), '=', true))
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
  }

  async versions({ tenant }: Context, ticker: string): Promise<RowVersion[]> {
    const { rows } = await this.#database.run((db) =>
      sql<RowVersion>`
        select date, 'bar' as kind, version, array[open, high, low, close, volume] as values,
          learnt_at as "learntAt", ingest_id as "ingestId"
        from bar_version where tenant = ${tenant} and ticker = ${ticker}
        union all
        select date, kind, version, array[value], learnt_at, ingest_id
        from event_version where tenant = ${tenant} and ticker = ${ticker}
        order by date, kind, version`.execute(db),
    );
    return rows;
  }

  async ingests({ tenant }: Context, ids: readonly string[]): Promise<Ingest[]> {
    if (ids.length === 0) return [];
    return this.#database.run((db) =>
      db
        .selectFrom('ingest')
        .select([
          'id',
          'source',
          'accepted_rows as acceptedRows',
          'rejected_rows as rejectedRows',
          'learnt_at as learntAt',
        ])
        .where('tenant', '=', tenant)
        .where('id', 'in', ids)
        .orderBy('learnt_at')
        .orderBy('id')
        .execute(),
    );
  }
}
