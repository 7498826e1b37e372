import { type Selectable, sql } from 'kysely';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelVersion } from '../../domain/model-version.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { ModelRegistry } from './model-registry.ts';

/** Model versions in PostgreSQL. */
export class PostgresModelRegistry implements ModelRegistry {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  register(context: Context, model: Omit<ModelVersion, 'version' | 'evaluation'>): Promise<ModelVersion> {
    const { tenant } = context;
    const { id, ticker, horizon, kind } = model;
    return this.#database.transaction(async (db) => {
      const line = `model/${tenant}/${ticker}/${horizon}/${kind}`;
      await sql`select pg_advisory_xact_lock(hashtextextended(${line}, 0))`.execute(db);
      const { newest } = await db
        .selectFrom('model')
        .select((eb) => eb.fn.coalesce(eb.fn.max('version'), sql<number>`0`).as('newest'))
        .where('tenant', '=', tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .where('kind', '=', kind)
        .executeTakeFirstOrThrow();
      await db
        .insertInto('model')
        .values({
          tenant,
          id,
          ticker,
          horizon,
          kind,
          version: newest + 1,
          as_of: model.asOf,
          dataset_id: model.datasetId,
          feature_set: model.featureSet,
          training_window: JSON.stringify(model.window),
          parameters: JSON.stringify(model.parameters),
          seed: model.seed,
          code_version: model.codeVersion,
          backend: model.backend,
          object_key: model.objectKey,
          n_training_rows: model.nTrainingRows,
          trained_at: model.trainedAt,
          run_id: model.runId,
          evaluation: null,
        })
        .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
        .execute();
      const row = await db
        .selectFrom('model')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return modelOf(row);
    });
  }

  async recordEvaluation(context: Context, modelId: string, evaluation: Evaluation): Promise<void> {
    const { numUpdatedRows } = await this.#database.run((db) =>
      db
        .updateTable('model')
        .set({ evaluation: JSON.stringify(evaluation) })
        .where('tenant', '=', context.tenant)
        .where('id', '=', modelId)
        .executeTakeFirstOrThrow(),
    );
    if (numUpdatedRows === 0n) throw new RangeError(`no model ${modelId} is registered, so it cannot be evaluated`);
  }

  async find(context: Context, modelId: string): Promise<ModelVersion | undefined> {
    const row = await this.#database.run((db) =>
      db
        .selectFrom('model')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('id', '=', modelId)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : modelOf(row);
  }

  async newest(
    context: Context,
    ticker: string,
    horizon: Horizon,
    kind: string,
    asOf?: SessionDate,
  ): Promise<ModelVersion | undefined> {
    const row = await this.#database.run((db) =>
      db
        .selectFrom('model')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .where('kind', '=', kind)
        .$if(asOf !== undefined, (query) => query.where('as_of', '<=', asOf!))
        .orderBy('as_of', 'desc')
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : modelOf(row);
  }

  async kinds(context: Context, ticker: string, horizon: Horizon): Promise<string[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('model')
        .select('kind')
        .distinct()
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .orderBy('kind')
        .execute(),
    );
    return rows.map((row) => row.kind);
  }
}

function modelOf(row: Selectable<Schema['model']>): ModelVersion {
  return {
    id: row.id,
    ticker: row.ticker,
    horizon: row.horizon,
    kind: row.kind,
    version: row.version,
    asOf: row.as_of,
    datasetId: row.dataset_id,
    featureSet: row.feature_set,
    window: row.training_window,
    parameters: row.parameters,
    seed: row.seed,
    codeVersion: row.code_version,
    backend: row.backend,
    objectKey: row.object_key,
    nTrainingRows: row.n_training_rows,
    trainedAt: row.trained_at,
    runId: row.run_id,
    ...(row.evaluation === null ? {} : { evaluation: row.evaluation }),
  };
}
