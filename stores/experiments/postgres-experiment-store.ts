import { type Kysely, type Selectable, sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Experiment, ExperimentLine, ExperimentLook, RunningLine } from '../../domain/experiment.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { ExperimentEnd, ExperimentStore } from './experiment-store.ts';

/** Undoes a start that another experiment stands in the way of. */
class Taken extends Error {}

/** Experiments in PostgreSQL. */
export class PostgresExperimentStore implements ExperimentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async start({ tenant }: Context, experiment: Experiment): Promise<string | undefined> {
    const { id, horizon, mode, split, rule, state, reasons, startedAt, startedBy } = experiment;
    const row = {
      ...{ tenant, id, horizon, mode, state, alpha: rule.alpha, looks: [...rule.looks] },
      share: split?.share ?? null,
      split_by: split?.by ?? null,
      reasons: JSON.stringify(reasons),
      started_at: startedAt,
      started_by: startedBy,
      ended_at: null,
    };
    const lines = experiment.lines.map(({ ticker, champion, challenger }) => ({
      ...{ tenant, experiment_id: id, ticker, horizon, running: true },
      champion_id: champion.modelId,
      champion_kind: champion.kind,
      challenger_id: challenger.modelId,
      challenger_kind: challenger.kind,
    }));
    try {
      await this.#database.transaction(async (db) => {
        const made = await db
          .insertInto('experiment')
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .execute();
        if (made.length === 0) throw new Taken();
        const entered = await db
          .insertInto('experiment_line')
          .values(lines)
          .onConflict((conflict) => conflict.doNothing())
          .returning('ticker')
          .execute();
        if (entered.length < lines.length) throw new Taken();
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof Taken)) throw error;
    }
    const other = await this.#database.run((db) =>
      db
        .selectFrom('experiment_line')
        .select('experiment_id')
        .where('tenant', '=', tenant)
        .where('horizon', '=', horizon)
        .where('running', '=', true)
        .where('ticker', 'in', [...experiment.lines.map(({ ticker }) => ticker)])
        .orderBy('ticker')
        .executeTakeFirst(),
    );
    // It may have ended this moment.
    return other?.experiment_id ?? 'another';
  }

  async find({ tenant }: Context, id: string): Promise<Experiment | undefined> {
    return this.#database.run(async (db) => {
      const rows = await db
        .selectFrom('experiment')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .execute();
      return (await whole(db, tenant, rows))[0];
    });
  }

  async list(
    { tenant }: Context,
    { limit, running = false }: { readonly limit: number; readonly running?: boolean },
  ): Promise<Experiment[]> {
    return this.#database.run(async (db) => {
      const rows = await db
        .selectFrom('experiment')
        .selectAll()
        .where('tenant', '=', tenant)
        .$if(running, (query) => query.where('state', '=', 'running'))
        .orderBy('started_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute();
      return whole(db, tenant, rows);
    });
  }

  async running({ tenant }: Context): Promise<string[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('experiment')
        .select('id')
        .where('tenant', '=', tenant)
        .where('state', '=', 'running')
        .orderBy('started_at')
        .orderBy('id')
        .execute(),
    );
    return rows.map(({ id }) => id);
  }

  async noteLook({ tenant }: Context, id: string, look: ExperimentLook): Promise<void> {
    const { n, rmseRatio, pBetter, pWorse, level, at } = look;
    await this.#database.run((db) =>
      db
        .insertInto('experiment_look')
        .values({
          ...{ tenant, experiment_id: id, n, level, at },
          ...{ rmse_ratio: rmseRatio, p_better: pBetter, p_worse: pWorse },
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async end({ tenant }: Context, id: string, { state, reasons, endedAt }: ExperimentEnd): Promise<void> {
    await this.#database.transaction(async (db) => {
      const ended = await db
        .updateTable('experiment')
        .set({ state, reasons: JSON.stringify(reasons), ended_at: endedAt })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('state', '=', 'running')
        .returning('id')
        .execute();
      if (ended.length === 0) return;
      await db
        .updateTable('experiment_line')
        .set({ running: false })
        .where('tenant', '=', tenant)
        .where('experiment_id', '=', id)
        .execute();
    });
  }

  async runningLines(): Promise<RunningLine[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('experiment_line as l')
        .innerJoin('experiment as e', (join) =>
          join.onRef('e.tenant', '=', 'l.tenant').onRef('e.id', '=', 'l.experiment_id'),
        )
        .selectAll('l')
        .select(['e.mode', 'e.share', 'e.split_by'])
        .where('l.running', '=', true)
        .where(
          'l.champion_id',
          '=',
          sql<string>`(select p.model_id from promotion p where p.tenant = l.tenant and p.ticker = l.ticker
            and p.horizon = l.horizon and p.moved_live order by p.id desc limit 1)`,
        )
        .orderBy('l.tenant')
        .orderBy('l.ticker')
        .orderBy('l.horizon')
        .execute(),
    );
    return rows.map((row) => ({
      tenant: row.tenant,
      experimentId: row.experiment_id,
      horizon: row.horizon,
      mode: row.mode,
      ...splitOf(row),
      ...lineOf(row),
    }));
  }
}

async function whole(
  db: Kysely<Schema>,
  tenant: string,
  rows: readonly Selectable<Schema['experiment']>[],
): Promise<Experiment[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const lines = await db
    .selectFrom('experiment_line')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('experiment_id', 'in', ids)
    .orderBy('ticker')
    .execute();
  const looks = await db
    .selectFrom('experiment_look')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('experiment_id', 'in', ids)
    .orderBy('n')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    horizon: row.horizon,
    mode: row.mode,
    ...splitOf(row),
    rule: { looks: row.looks, alpha: row.alpha },
    lines: lines.filter((line) => line.experiment_id === row.id).map(lineOf),
    state: row.state,
    looks: looks
      .filter((look) => look.experiment_id === row.id)
      .map(({ n, rmse_ratio: rmseRatio, p_better: pBetter, p_worse: pWorse, level, at }) => ({
        ...{ n, rmseRatio, pBetter, pWorse, level, at },
      })),
    reasons: row.reasons,
    startedAt: row.started_at,
    startedBy: row.started_by,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  }));
}

function lineOf(row: Selectable<Schema['experiment_line']>): ExperimentLine {
  return {
    ticker: row.ticker,
    champion: { modelId: row.champion_id, kind: row.champion_kind },
    challenger: { modelId: row.challenger_id, kind: row.challenger_kind },
  };
}

function splitOf({ share, split_by: by }: Pick<Selectable<Schema['experiment']>, 'share' | 'split_by'>) {
  return share === null || by === null ? {} : { split: { share, by } };
}
