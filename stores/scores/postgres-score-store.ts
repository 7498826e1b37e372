import { type Kysely, type Selectable, sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { BehindNaive, ForecastScore, ScoringCursor } from '../../domain/scoring.ts';
import { forecastOf } from '../forecasts/postgres-forecast-store.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { LiveTally, MaturedForecast, ScoreStore, Unscored } from './score-store.ts';

/** Scores in PostgreSQL: rows are added and never changed. */
export class PostgresScoreStore implements ScoreStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async unscored(
    context: Context,
    { after, limit, ...asked }: Unscored & { readonly after?: ScoringCursor; readonly limit: number },
  ): Promise<MaturedForecast[]> {
    type Row = Selectable<Schema['forecast']> & { outcome_learnt_at: string };
    const { rows } = await this.#database.run((db) =>
      sql<Row>`
        select f.*, (select min(later.learnt_at) from bar_version later
            where later.tenant = f.tenant and later.ticker = f.ticker and later.version = 1
              and later.date >= f.target_session) as outcome_learnt_at
          from (${unscored(context, asked)}
            ${after === undefined ? sql`` : sql`and ${afterCursor(after)}`}
            order by ticker, horizon, origin_session, model_id limit ${limit}) f
          order by ticker, horizon, origin_session, model_id`.execute(db),
    );
    return rows.map(({ outcome_learnt_at: outcomeLearntAt, ...row }) => ({
      forecast: forecastOf(row),
      outcomeLearntAt,
    }));
  }

  async countUnscored(context: Context, asked: Unscored): Promise<number> {
    const { rows } = await this.#database.run((db) =>
      sql<{ n: number }>`select count(*)::integer as n from (${unscored(context, asked)}) f`.execute(db),
    );
    return rows[0]!.n;
  }

  async enter({ tenant }: Context, scores: readonly ForecastScore[]): Promise<ScoringCursor[]> {
    if (scores.length === 0) return [];
    const rows = scores.map((score) => ({
      tenant,
      model_id: score.modelId,
      origin_session: score.originSession,
      horizon: score.horizon,
      ticker: score.ticker,
      log_return: score.logReturn,
      error: score.error,
      naive_error: score.naiveError,
      direction_right: score.directionRight,
      intervals: JSON.stringify(score.intervals),
      live: score.live,
      vantage_as_of: score.vantage.asOf,
      vantage_known_at: score.vantage.knownAt,
      scored_at: score.scoredAt,
    }));
    return this.#database.run((db) =>
      db
        .insertInto('forecast_score')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .returning(['ticker', 'horizon', 'origin_session as originSession', 'model_id as modelId'])
        .execute(),
    );
  }

  async ofTicker(
    { tenant }: Context,
    ticker: string,
    { horizon, kind }: { readonly horizon?: Horizon; readonly kind?: string } = {},
  ): Promise<ForecastScore[]> {
    const rows = await this.#database.run((db) =>
      withForecasts(db)
        .where('s.tenant', '=', tenant)
        .where('s.ticker', '=', ticker)
        .$if(horizon !== undefined, (query) => query.where('s.horizon', '=', horizon!))
        .$if(kind !== undefined, (query) => query.where('f.kind', '=', kind!))
        .orderBy('s.scored_at')
        .orderBy('s.horizon')
        .orderBy('s.origin_session')
        .orderBy('s.model_id')
        .execute(),
    );
    return rows.map(({ vantage_as_of: asOf, vantage_known_at: knownAt, ...row }) => ({
      ...row,
      vantage: { asOf, knownAt },
    }));
  }

  async liveTallies({ tenant }: Context): Promise<LiveTally[]> {
    type Figures = Omit<LiveTally, 'intervals'>;
    type Level = { kind: string; horizon: Horizon; level: number; n: number; inside: number };
    const live = sql`forecast_score s join forecast f using (tenant, model_id, origin_session, horizon)`;
    const [figures, levels] = await this.#database.run(async (db) => [
      await sql<Figures>`
        select f.kind, horizon, count(*)::integer as n, sum(s.squared_error) as "squaredErrors",
          sum(s.naive_squared_error) as "naiveSquaredErrors", count(s.direction_right)::integer as directed,
          count(*) filter (where s.direction_right)::integer as right
        from ${live} where tenant = ${tenant} and s.live group by 1, 2 order by 1, 2`.execute(db),
      await sql<Level>`
        select f.kind, horizon, (each->>'level')::float8 as level, count(*)::integer as n,
          count(*) filter (where (each->>'inside')::boolean)::integer as inside
        from ${live} cross join json_array_elements(s.intervals) each
        where tenant = ${tenant} and s.live group by 1, 2, 3 order by 1, 2, 3`.execute(db),
    ]);
    return figures.rows.map((row) => ({
      ...row,
      intervals: levels.rows
        .filter(({ kind, horizon }) => kind === row.kind && horizon === row.horizon)
        .map(({ level, n, inside }) => ({ level, n, inside })),
    }));
  }

  async flag({ tenant }: Context, found: BehindNaive): Promise<void> {
    await this.#database.run((db) =>
      db
        .insertInto('behind_naive')
        .values({
          tenant,
          ticker: found.ticker,
          horizon: found.horizon,
          kind: found.kind,
          serves_since: found.servesSince,
          model_id: found.modelId,
          n: found.n,
          rmse_ratio_to_naive: found.rmseRatioToNaive,
          p: found.p,
          level: found.level,
          found_at: found.foundAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async flags({ tenant }: Context): Promise<BehindNaive[]> {
    // Once another kind has served, the next service of this one is a new one.
    const { rows } = await this.#database.run((db) =>
      sql<BehindNaive>`
        select ticker, horizon, kind, model_id as "modelId", serves_since as "servesSince", n,
          rmse_ratio_to_naive as "rmseRatioToNaive", p, level, found_at as "foundAt"
        from behind_naive b
        where tenant = ${tenant} and not exists (select from promotion p where p.tenant = b.tenant
          and p.ticker = b.ticker and p.horizon = b.horizon and p.moved_live and p.kind <> b.kind
          and p.at > b.serves_since)
        order by ticker, horizon`.execute(db),
    );
    return rows;
  }
}

function unscored({ tenant }: Context, { asOf, ticker }: Unscored) {
  return sql`
    select * from forecast where tenant = ${tenant} and target_session <= ${asOf}
      ${ticker === undefined ? sql`` : sql`and ticker = ${ticker}`}
      and exists (select from bar_version b where b.tenant = forecast.tenant and b.ticker = forecast.ticker
        and b.date = forecast.target_session)
      and not exists (select from forecast_score s where s.tenant = forecast.tenant
        and s.model_id = forecast.model_id and s.origin_session = forecast.origin_session
        and s.horizon = forecast.horizon)`;
}

function afterCursor({ ticker, horizon, originSession, modelId }: ScoringCursor) {
  return sql`(ticker, horizon, origin_session, model_id) > (${ticker}, ${horizon}, ${originSession}::date, ${modelId})`;
}

function withForecasts(db: Kysely<Schema>) {
  return db
    .selectFrom('forecast_score as s')
    .innerJoin('forecast as f', (join) =>
      join
        .onRef('f.tenant', '=', 's.tenant')
        .onRef('f.model_id', '=', 's.model_id')
        .onRef('f.origin_session', '=', 's.origin_session')
        .onRef('f.horizon', '=', 's.horizon'),
    )
    .select([
      's.ticker',
      's.horizon',
      's.model_id as modelId',
      'f.kind',
      'f.model_version as modelVersion',
      's.origin_session as originSession',
      'f.target_session as targetSession',
      'f.made_at as madeAt',
      's.log_return as logReturn',
      's.error',
      's.naive_error as naiveError',
      's.direction_right as directionRight',
      's.intervals',
      's.live',
      's.vantage_as_of',
      's.vantage_known_at',
      's.scored_at as scoredAt',
    ]);
}
