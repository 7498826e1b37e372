import { type Selectable, sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { CertificateRef, ModelReferences, ModelVersion } from '../../domain/model-version.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { ModelRegistry, ModelStanding, NewModelVersion, VersionFilter } from './model-registry.ts';

const REFERENCES_AT_A_TIME = 500;

/** Model versions in PostgreSQL. */
export class PostgresModelRegistry implements ModelRegistry {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  register(context: Context, model: NewModelVersion): Promise<ModelVersion> {
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
          panel: model.panel === undefined ? null : JSON.stringify(model.panel),
          feature_set: model.featureSet,
          training_window: JSON.stringify(model.window),
          scale_targets: model.scaleTargets,
          embargo: model.embargo,
          parameters: JSON.stringify(model.parameters),
          seed: model.seed,
          search: model.search === undefined ? null : JSON.stringify(model.search),
          made_from: JSON.stringify(model.madeFrom),
          code_version: model.codeVersion,
          backend: model.backend,
          object_key: model.objectKey,
          n_training_rows: model.nTrainingRows,
          trained_at: model.trainedAt,
          run_id: model.runId,
          evaluation: null,
          certificate_id: null,
          certificate_passed: null,
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

  async recordCertificate(context: Context, modelId: string, certificate: CertificateRef): Promise<void> {
    const { numUpdatedRows } = await this.#database.run((db) =>
      db
        .updateTable('model')
        .set({ certificate_id: certificate.id, certificate_passed: certificate.passed })
        .where('tenant', '=', context.tenant)
        .where('id', '=', modelId)
        .executeTakeFirstOrThrow(),
    );
    if (numUpdatedRows === 0n) throw new RangeError(`no model ${modelId} is registered, so it cannot be certified`);
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
    { asOf, having }: VersionFilter = {},
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
        .$if(having === 'evaluation', (query) => query.where('evaluation', 'is not', null))
        .$if(having === 'certificate', (query) => query.where('certificate_id', 'is not', null))
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

  async standings(context: Context, ticker: string, horizon: Horizon): Promise<ModelStanding[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('model')
        .select(['id', 'kind', 'version', 'as_of', 'dataset_id', 'certificate_id', 'certificate_passed'])
        .select(sql<number | null>`(evaluation->>'rmseRatioToNaive')::float8`.as('ratio'))
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .orderBy('kind')
        .orderBy('version')
        .execute(),
    );
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      version: row.version,
      asOf: row.as_of,
      datasetId: row.dataset_id,
      ...(row.ratio === null ? {} : { rmseRatioToNaive: row.ratio }),
      ...certificateOf(row),
    }));
  }

  async *references(context: Context): AsyncIterable<ModelReferences> {
    for (let after = ''; ; ) {
      const rows = await this.#database.run((db) =>
        db
          .selectFrom('model')
          .select(['id', 'ticker', 'dataset_id', 'panel', 'feature_set', 'code_version', 'object_key'])
          .select(['certificate_id', 'certificate_passed'])
          .where('tenant', '=', context.tenant)
          .where('id', '>', after)
          .orderBy('id')
          .limit(REFERENCES_AT_A_TIME)
          .execute(),
      );
      for (const row of rows) {
        yield {
          id: row.id,
          ticker: row.ticker,
          datasetId: row.dataset_id,
          ...(row.panel === null ? {} : { panel: row.panel }),
          featureSet: row.feature_set,
          codeVersion: row.code_version,
          objectKey: row.object_key,
          ...certificateOf(row),
        };
      }
      if (rows.length < REFERENCES_AT_A_TIME) return;
      after = rows.at(-1)!.id;
    }
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
    ...(row.panel === null ? {} : { panel: row.panel }),
    featureSet: row.feature_set,
    window: row.training_window,
    scaleTargets: row.scale_targets,
    embargo: row.embargo,
    parameters: row.parameters,
    seed: row.seed,
    ...(row.search === null ? {} : { search: row.search }),
    madeFrom: row.made_from,
    codeVersion: row.code_version,
    backend: row.backend,
    objectKey: row.object_key,
    nTrainingRows: row.n_training_rows,
    trainedAt: row.trained_at,
    runId: row.run_id,
    ...(row.evaluation === null ? {} : { evaluation: row.evaluation }),
    ...certificateOf(row),
  };
}

function certificateOf(
  row: Pick<Selectable<Schema['model']>, 'certificate_id' | 'certificate_passed'>,
): Pick<ModelVersion, 'certificate'> {
  if (row.certificate_id === null) return {};
  return { certificate: { id: row.certificate_id, passed: row.certificate_passed === true } };
}
