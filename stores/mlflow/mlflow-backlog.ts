import { sql } from 'kysely';
import type { SessionDate } from '../../domain/bar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Promotion } from '../../domain/model-version.ts';
import { promotionOf } from '../ledger/postgres-ledger.ts';
import type { Database } from '../postgres/database.ts';

/** How far back the log of predictions is looked through. */
const USAGE_DAYS = 35;

/** Something that MLflow was told, or is to be told: whose, what, and in which state it is. */
export interface Mark {
  readonly tenant: string;
  readonly subject: string;
  readonly state: string;
}

/** A model version of which MLflow lacks something. `told` is the state that it knows, if it knows it at all. */
export interface LackedModel extends Mark {
  readonly modelId: string;
  readonly told?: string;
}

/** An entry of the ledger that MLflow lacks. */
export interface LackedPromotion extends Mark {
  readonly id: number;
  readonly promotion: Promotion;
}

/** How often a model was asked on a day (UTC), and how fast it answered. */
export interface LackedUsage extends Mark {
  readonly modelId: string;
  readonly day: string;
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** A forecast that was scored. */
export interface LackedOutcome extends Mark {
  readonly modelId: string;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly targetSession: SessionDate;
}

/** A ticker of an experiment in shadow, which began or ended. */
export interface LackedShadow extends Mark {
  readonly ticker: string;
  readonly horizon: Horizon;
}

/** How much MLflow lacks, and since when. */
export interface Backlog {
  readonly models: number;
  readonly promotions: number;
  readonly since?: string;
}

/**
 * What an MLflow lacks of what is in the database. It follows from the tables and the marks of what was told, so whoever
 * writes a model or a promotion need not know of MLflow, and another MLflow is told everything from the beginning.
 */
export class MlflowBacklog {
  readonly #database: Database;
  readonly #server: string;

  /** @param server base address of the MLflow, without user and password */
  constructor(database: Database, server: string) {
    this.#database = database;
    this.#server = server;
  }

  /**
   * Runs `body` unless this MLflow is being told already, by whichever process; then it returns undefined at once.
   * The right is lost with the connection, so what `body` does must stand being done twice.
   */
  exclusively<T>(body: () => Promise<T>): Promise<T | undefined> {
    const line = sql`hashtextextended(${`mlflow/${this.#server}`}, 0)`;
    return this.#database.run((db) =>
      db.connection().execute(async (connection) => {
        const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_lock(${line}) as mine`.execute(connection);
        if (rows[0]?.mine !== true) return undefined;
        try {
          return await body();
        } finally {
          await sql`select pg_advisory_unlock(${line})`.execute(connection);
        }
      }),
    );
  }

  /** Models that it knows nothing of or not the newest of, the earlier versions first. */
  async models(limit: number): Promise<LackedModel[]> {
    const { rows } = await this.#database.run((db) =>
      sql<{ tenant: string; id: string; subject: string; state: string; told: string | null }>`
        select m.tenant, m.id, m.subject, m.state, t.state as told from (${modelStates}) m
          left join mlflow_told t on t.server = ${this.#server} and t.tenant = m.tenant and t.subject = m.subject
          where t.state is distinct from m.state
          order by m.version, m.trained_at, m.id limit ${limit}`.execute(db),
    );
    return rows.map(({ id, told, ...mark }) => ({ ...mark, modelId: id, ...(told === null ? {} : { told }) }));
  }

  /** Entries of the ledger that it was not told of, in their order. */
  async promotions(limit: number): Promise<LackedPromotion[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('promotion')
        .selectAll()
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('mlflow_told as t')
                .select('t.state')
                .where('t.server', '=', this.#server)
                .whereRef('t.tenant', '=', 'promotion.tenant')
                .where('t.subject', '=', sql<string>`'promotion/' || promotion.id`),
            ),
          ),
        )
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => {
      const { tenant, id } = row;
      return { tenant, id, subject: `promotion/${id}`, state: 'entered', promotion: promotionOf(row) };
    });
  }

  /** Tickers of experiments in shadow that it was not told of as they are now. */
  async shadows(limit: number): Promise<LackedShadow[]> {
    const { rows } = await this.#database.run((db) =>
      sql<LackedShadow>`
        select s.* from (
          select l.tenant, l.ticker, l.horizon, 'experiment/' || l.experiment_id || '/' || l.ticker as subject,
              case when l.running then 'running' else 'over' end as state
            from experiment_line l join experiment e on e.tenant = l.tenant and e.id = l.experiment_id
            where e.mode = 'shadow') s
          left join mlflow_told t on t.server = ${this.#server} and t.tenant = s.tenant and t.subject = s.subject
          where t.state is distinct from s.state
          order by s.subject limit ${limit}`.execute(db),
    );
    return rows;
  }

  /** The live use of each model on each day before `today` (UTC, `YYYY-MM-DD`) that it was not told of. */
  async usage(today: string, limit: number): Promise<LackedUsage[]> {
    type Row = { tenant: string; day: string; model_id: string; count: number; median: number; p95: number };
    const { rows } = await this.#database.run((db) =>
      sql<Row>`
        select u.* from (
          select tenant, model_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*)::integer as count,
              percentile_cont(0.5) within group (order by duration_ms) as median,
              percentile_cont(0.95) within group (order by duration_ms) as p95
            from prediction_log
            where model_id is not null and as_of is null and at < ${today}::timestamp at time zone 'UTC'
              and at >= (${today}::timestamp - make_interval(days => ${USAGE_DAYS}::integer)) at time zone 'UTC'
            group by 1, 2, 3) u
          where not exists (select from mlflow_told t where t.server = ${this.#server} and t.tenant = u.tenant
            and t.subject = 'usage/' || u.day || '/' || u.model_id)
          order by day, model_id limit ${limit}`.execute(db),
    );
    return rows.map(({ tenant, day, model_id: modelId, count, median, p95 }) => {
      const mark = { tenant, subject: `usage/${day}/${modelId}`, state: String(count) };
      return { ...mark, modelId, day, count, medianMs: median, p95Ms: p95 };
    });
  }

  /** Forecasts that were scored and that it was not told of, by their target session. */
  async outcomes(limit: number): Promise<LackedOutcome[]> {
    type Row = { tenant: string; model_id: string; ticker: string; horizon: number; target_session: string };
    const { rows } = await this.#database.run((db) =>
      sql<Row>`
        select f.tenant, f.model_id, f.ticker, f.horizon, f.target_session from forecast f
          join forecast_score s using (tenant, model_id, origin_session, horizon)
          where not exists (select from mlflow_told t where t.server = ${this.#server} and t.tenant = f.tenant
            and t.subject = 'outcome/' || f.target_session || '/' || f.model_id)
          order by f.target_session, f.ticker, f.horizon, f.model_id limit ${limit}`.execute(db),
    );
    return rows.map(({ tenant, model_id: modelId, ticker, horizon, target_session: targetSession }) => {
      const mark = { tenant, subject: `outcome/${targetSession}/${modelId}`, state: 'known' };
      return { ...mark, modelId, ticker, horizon, targetSession };
    });
  }

  /** Runs that it was told of while they were under way. */
  async openRuns(): Promise<{ readonly tenant: string; readonly runId: string }[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('mlflow_told')
        .select(['tenant', 'subject'])
        .where('server', '=', this.#server)
        .where('subject', 'like', 'run/%')
        .where('state', '=', 'running')
        .orderBy('subject')
        .execute(),
    );
    return rows.map(({ tenant, subject }) => ({ tenant, runId: subject.slice('run/'.length) }));
  }

  /** The state in which it knows each of these runs, by `TENANT RUN`; those that it does not know are left out. */
  async runStates(runIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (runIds.length === 0) return new Map();
    const subjects = runIds.map((runId) => `run/${runId}`);
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('mlflow_told')
        .select(['tenant', 'subject', 'state'])
        .where('server', '=', this.#server)
        .where(sql<boolean>`subject = any(${subjects}::text[])`)
        .execute(),
    );
    return new Map(rows.map(({ tenant, subject, state }) => [`${tenant} ${subject.slice('run/'.length)}`, state]));
  }

  /** Notes that it has begun to be told of something, unless it knows it in whichever state. */
  async open({ tenant, subject, state }: Mark, at: Date): Promise<void> {
    const row = { server: this.#server, tenant, subject, state, told_at: at.toISOString() };
    await this.#database.run((db) =>
      db
        .insertInto('mlflow_told')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  /** Notes what it was told. */
  async mark(marks: readonly Mark[], at: Date): Promise<void> {
    if (marks.length === 0) return;
    const told_at = at.toISOString();
    const rows = marks.map(({ tenant, subject, state }) => ({ server: this.#server, tenant, subject, state, told_at }));
    await this.#database.run((db) =>
      db
        .insertInto('mlflow_told')
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(['server', 'tenant', 'subject']).doUpdateSet((eb) => ({
            state: eb.ref('excluded.state'),
            told_at: eb.ref('excluded.told_at'),
          })),
        )
        .execute(),
    );
  }

  /** Forgets what it was told, so that it is told everything again. */
  async forget(): Promise<void> {
    await this.#database.run((db) => db.deleteFrom('mlflow_told').where('server', '=', this.#server).execute());
  }

  /** How many models and promotions wait to be told, and since when. */
  async waiting(): Promise<Backlog> {
    const lacks = (tenant: string, subject: string) => sql`not exists (select from mlflow_told t
      where t.server = ${this.#server} and t.tenant = ${sql.ref(tenant)} and t.subject = ${sql.raw(subject)}`;
    const { rows } = await this.#database.run((db) =>
      sql<{ models: number; promotions: number; since: string | null }>`
        select m.n as models, p.n as promotions, least(m.since, p.since) as since
          from (select count(*)::integer as n, min(m.trained_at) as since from (${modelStates}) m
              where ${lacks('m.tenant', 'm.subject')} and t.state = m.state)) m,
            (select count(*)::integer as n, min(p.at) as since from promotion p
              where ${lacks('p.tenant', "'promotion/' || p.id")})) p`.execute(db),
    );
    const { models, promotions, since } = rows[0]!;
    return { models, promotions, ...(since === null ? {} : { since }) };
  }
}

// What a model is made of never changes, so its state is told by what it has: an evaluation, which certificate.
const modelStates = sql`
  select tenant, id, version, trained_at, 'model/' || id as subject,
    (case when evaluation is null then 'trained' else 'evaluated' end) || coalesce(' ' || certificate_id, '') as state
  from model`;
