import { type Selectable, sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Trial } from '../../domain/parameter-search.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { NewTrial, TrialEnd, TrialStore } from './trial-store.ts';

/** Trials in PostgreSQL. */
export class PostgresTrialStore implements TrialStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(context: Context, trial: NewTrial): Promise<Trial> {
    const { searchId, number, ticker, horizon, kind, parameters, seed, until } = trial;
    const begun = { status: 'running', loss: null, problem: null, started_at: now(context), ended_at: null } as const;
    await this.#database.run((db) =>
      db
        .insertInto('trial')
        .values({
          tenant: context.tenant,
          search_id: searchId,
          number,
          ticker,
          horizon,
          kind,
          parameters: JSON.stringify(parameters),
          seed,
          until,
          attempts: 1,
          ...begun,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant', 'search_id', 'number'])
            .doUpdateSet({ ...begun, attempts: sql<number>`trial.attempts + 1` })
            .where('trial.status', '<>', 'finished'),
        )
        .execute(),
    );
    return this.#find(context, searchId, number);
  }

  async end(context: Context, searchId: string, number: number, end: TrialEnd): Promise<Trial> {
    await this.#database.run((db) =>
      db
        .updateTable('trial')
        .set({
          status: end.status,
          loss: end.status === 'finished' ? end.loss : null,
          problem: end.status === 'failed' ? end.problem : null,
          ended_at: now(context),
        })
        .where('tenant', '=', context.tenant)
        .where('search_id', '=', searchId)
        .where('number', '=', number)
        .where('status', '<>', 'finished')
        .execute(),
    );
    return this.#find(context, searchId, number);
  }

  async newest(context: Context, ticker: string): Promise<Trial[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('trial')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('search_id', 'in', (searches) =>
          searches
            .selectFrom('trial')
            .distinctOn(['horizon', 'kind'])
            .select('search_id')
            .where('tenant', '=', context.tenant)
            .where('ticker', '=', ticker)
            .orderBy('horizon')
            .orderBy('kind')
            .orderBy('started_at', 'desc'),
        )
        .orderBy('horizon')
        .orderBy('kind')
        .orderBy('number')
        .execute(),
    );
    return rows.map(trialOf);
  }

  async #find(context: Context, searchId: string, number: number): Promise<Trial> {
    const row = await this.#database.run((db) =>
      db
        .selectFrom('trial')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('search_id', '=', searchId)
        .where('number', '=', number)
        .executeTakeFirst(),
    );
    if (row === undefined) throw new RangeError(`trial ${number} of the search ${searchId} was not begun`);
    return trialOf(row);
  }
}

function now({ clock }: Context): string {
  return clock.now().toISOString();
}

function trialOf(row: Selectable<Schema['trial']>): Trial {
  return {
    searchId: row.search_id,
    number: row.number,
    ticker: row.ticker,
    horizon: row.horizon,
    kind: row.kind,
    parameters: row.parameters,
    seed: row.seed,
    until: row.until,
    status: row.status,
    attempts: row.attempts,
    ...(row.loss === null ? {} : { loss: row.loss }),
    ...(row.problem === null ? {} : { problem: row.problem }),
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  };
}
