import { sql } from 'kysely';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { DriftReport } from '../../domain/drift.ts';
import type { Database } from '../postgres/database.ts';
import type { DriftStore, DriftTally, FeatureTally } from './drift-store.ts';

/** Drift reports in PostgreSQL: rows are added, and change only in which run trains again. */
export class PostgresDriftStore implements DriftStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async enter({ tenant }: Context, report: DriftReport): Promise<DriftReport> {
    const { modelId, session, ticker, horizon, kind, alarms, madeAt } = report;
    return this.#database.run(async (db) => {
      await db
        .insertInto('drift')
        .values({
          ...{ tenant, session, ticker, horizon, kind },
          model_id: modelId,
          alarms: [...alarms],
          report: JSON.stringify(report),
          made_at: madeAt,
          retraining_run_id: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = await db
        .selectFrom('drift')
        .select('report')
        .where('tenant', '=', tenant)
        .where('model_id', '=', modelId)
        .where('session', '=', session)
        .executeTakeFirstOrThrow();
      return row.report;
    });
  }

  async newest({ tenant }: Context, ticker?: string, asOf?: SessionDate): Promise<DriftReport[]> {
    const { rows } = await this.#database.run((db) =>
      sql<{ report: DriftReport }>`
        select report from (${newest(tenant)} ${ticker === undefined ? sql`` : sql`and ticker = ${ticker}`}
          ${asOf === undefined ? sql`` : sql`and session <= ${asOf}`} ${NEWEST_FIRST}) d`.execute(db),
    );
    return rows.map(({ report }) => report);
  }

  async tallies({ tenant }: Context): Promise<DriftTally[]> {
    const { rows } = await this.#database.run((db) =>
      sql<DriftTally>`
        select kind, horizon, count(*)::integer as watched,
          count(*) filter (where cardinality(alarms) > 0)::integer as alarming
        from (${newest(tenant)} ${NEWEST_FIRST}) d group by 1, 2 order by 1, 2`.execute(db),
    );
    return rows;
  }

  async featureTallies({ tenant }: Context): Promise<FeatureTally[]> {
    const { rows } = await this.#database.run((db) =>
      sql<FeatureTally>`
        select each->>'name' as feature, max((each->>'psi')::float8) as psi, max((each->>'ks')::float8) as ks
        from (${newest(tenant)} ${NEWEST_FIRST}) d
          cross join json_array_elements(coalesce(d.report->'features'->'columns', '[]')) each
        group by 1 order by 1`.execute(db),
    );
    return rows;
  }

  async noteRetraining({ tenant }: Context, modelId: string, runId: string): Promise<void> {
    await this.#database.run((db) =>
      sql`
        update drift set retraining_run_id = ${runId} where tenant = ${tenant} and model_id = ${modelId}
          and session = (select max(session) from drift where tenant = ${tenant} and model_id = ${modelId})`.execute(
        db,
      ),
    );
  }

  async retrainingOf({ tenant }: Context, modelId: string): Promise<string | undefined> {
    const row = await this.#database.run((db) =>
      db
        .selectFrom('drift')
        .select('retraining_run_id')
        .where('tenant', '=', tenant)
        .where('model_id', '=', modelId)
        .where('retraining_run_id', 'is not', null)
        .orderBy('session', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row?.retraining_run_id ?? undefined;
  }
}

/** The beginning of a query of the newest report of each ticker and horizon; `NEWEST_FIRST` ends it. */
function newest(tenant: string) {
  return sql`
    select distinct on (ticker, horizon) ticker, horizon, kind, alarms, report from drift where tenant = ${tenant}`;
}

const NEWEST_FIRST = sql`order by ticker, horizon, session desc, made_at desc`;
