import type { Selectable } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { ChangedSession, Restatement, TickerRestatement } from '../../domain/restatement.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import { changedSessions } from './changed-sessions.ts';
import type { RestatementStore } from './restatement-store.ts';

/** Restatements in PostgreSQL, as the bar store enters them. */
export class PostgresRestatementStore implements RestatementStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(
    { tenant }: Context,
    { ticker, limit }: { readonly ticker?: string; readonly limit: number },
  ): Promise<Restatement[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('restatement')
        .selectAll()
        .where('tenant', '=', tenant)
        .$if(ticker !== undefined, (query) =>
          query.where('id', 'in', (of) =>
            of
              .selectFrom('restatement_of_ticker')
              .select('id')
              .where('tenant', '=', tenant)
              .where('ticker', '=', ticker!),
          ),
        )
        .orderBy('learnt_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return this.#withTickers(tenant, rows);
  }

  async find({ tenant }: Context, id: string): Promise<Restatement | undefined> {
    const rows = await this.#database.run((db) =>
      db.selectFrom('restatement').selectAll().where('tenant', '=', tenant).where('id', '=', id).execute(),
    );
    return (await this.#withTickers(tenant, rows))[0];
  }

  changes({ tenant }: Context, { ingestId, learntAt }: Restatement, ticker: string): Promise<ChangedSession[]> {
    return this.#database.run((db) => changedSessions(db, tenant, ticker, { id: ingestId, learntAt }));
  }

  async noteRetraining({ tenant }: Context, id: string, runId: string): Promise<void> {
    await this.#database.run((db) =>
      db
        .updateTable('restatement')
        .set({ retraining_run_id: runId })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .execute(),
    );
  }

  async #withTickers(tenant: string, rows: readonly Selectable<Schema['restatement']>[]): Promise<Restatement[]> {
    if (rows.length === 0) return [];
    const reports = await this.#database.run((db) =>
      db
        .selectFrom('restatement_of_ticker')
        .select(['id', 'report'])
        .where('tenant', '=', tenant)
        .where(
          'id',
          'in',
          rows.map(({ id }) => id),
        )
        .orderBy('ticker')
        .execute(),
    );
    const byId = new Map<string, TickerRestatement[]>(rows.map(({ id }) => [id, []]));
    for (const { id, report } of reports) byId.get(id)!.push(report);
    return rows.map((row) => ({
      id: row.id,
      ingestId: row.ingest_id,
      source: row.source,
      learntAt: row.learnt_at,
      tickers: byId.get(row.id)!,
      ...(row.retraining_run_id === null ? {} : { retrainingRunId: row.retraining_run_id }),
    }));
  }
}
