import type { Insertable, Selectable } from 'kysely';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { type Forecast, type ForecastName, type PastForecast, pastForecastId } from '../../domain/forecast.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention } from '../../domain/model-version.ts';
import type { Database } from '../postgres/database.ts';
import { modelMentions } from '../postgres/model-mentions.ts';
import type { Schema } from '../postgres/schema.ts';
import { Statement } from '../postgres/statement.ts';
import type { ForecastStore } from './forecast-store.ts';

type Row = Selectable<Schema['forecast']>;
type NewRow = Required<Insertable<Schema['forecast']>>;

const COLUMNS = [
  'tenant',
  'model_id',
  'origin_session',
  'horizon',
  'ticker',
  'kind',
  'model_version',
  'target_session',
  'current_price',
  'log_return',
  'intervals',
  'confidence',
  'direction_probability',
  'certificate_id',
  'baseline_ratio',
  'notes',
  'made_at',
] as const satisfies readonly (keyof NewRow)[];

/** Gives the row that it stored, none where the place was taken. */
const SAVE = new Statement<NewRow, Row>((db, place) =>
  db
    .insertInto('forecast')
    .values(Object.fromEntries(COLUMNS.map((column) => [column, place(column)])) as unknown as NewRow)
    .onConflict((conflict) => conflict.doNothing())
    .returning(COLUMNS),
);

const FIND = new Statement<Pick<Row, 'tenant' | 'model_id' | 'origin_session' | 'horizon'>, Row>((db, place) =>
  db
    .selectFrom('forecast')
    .select(COLUMNS)
    .where('tenant', '=', place('tenant'))
    .where('model_id', '=', place('model_id'))
    .where('origin_session', '=', place('origin_session'))
    .where('horizon', '=', place('horizon')),
);

/** Forecasts in PostgreSQL. */
export class PostgresForecastStore implements ForecastStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async save(context: Context, forecast: Forecast): Promise<Forecast> {
    const [row] = await this.#database.ask(SAVE, rowOf(context, forecast));
    if (row !== undefined) return forecastOf(row);
    // Its place was taken.
    const stored = await this.find(context, forecast.modelId, forecast.originSession, forecast.horizon);
    if (stored === undefined) throw new Error(`the forecast of ${forecast.modelId} vanished while it was stored`);
    return stored;
  }

  async ofTicker(
    context: Context,
    ticker: string,
    { horizon, kind, limit }: { readonly horizon: Horizon; readonly kind?: string; readonly limit: number },
  ): Promise<Forecast[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('forecast')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .$if(kind !== undefined, (query) => query.where('kind', '=', kind!))
        .orderBy('origin_session', 'desc')
        .orderBy('made_at', 'desc')
        .orderBy('model_id')
        .limit(limit)
        .execute(),
    );
    return rows.map(forecastOf);
  }

  async named(context: Context, name: ForecastName): Promise<Forecast | undefined> {
    const row = await this.#database.run((db) =>
      db
        .selectFrom('forecast')
        .selectAll()
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', name.ticker)
        .where('horizon', '=', name.horizon)
        .where('origin_session', '=', name.originSession)
        .where((eb) => eb(eb.fn('starts_with', ['model_id', eb.val(name.modelPrefix)]), '=', true))
        .orderBy('model_id')
        .limit(1)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : forecastOf(row);
  }

  async find(
    context: Context,
    modelId: string,
    originSession: SessionDate,
    horizon: Horizon,
  ): Promise<Forecast | undefined> {
    const place = { tenant: context.tenant, model_id: modelId, origin_session: originSession, horizon };
    const [row] = await this.#database.ask(FIND, place);
    return row === undefined ? undefined : forecastOf(row);
  }

  async savePast(context: Context, forecast: PastForecast): Promise<void> {
    const { asOf, knownAt } = forecast.vantage;
    await this.#database.run((db) =>
      db
        .insertInto('forecast_as_of')
        .values({ ...rowOf(context, forecast), id: pastForecastId(forecast), as_of: asOf, known_at: knownAt })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async findPast({ tenant }: Context, id: string): Promise<PastForecast | undefined> {
    const row = await this.#database.run((db) =>
      db.selectFrom('forecast_as_of').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : pastForecastOf(row);
  }

  async pastOfTicker(
    { tenant }: Context,
    ticker: string,
    { horizon, limit }: { readonly horizon: Horizon; readonly limit: number },
  ): Promise<PastForecast[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('forecast_as_of')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('ticker', '=', ticker)
        .where('horizon', '=', horizon)
        .orderBy('origin_session', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return rows.map(pastForecastOf);
  }

  mentions(context: Context): Promise<ModelMention[]> {
    return modelMentions(this.#database, context, ['forecast', 'forecast_as_of']);
  }
}

/** A row from its forecast. */
function rowOf({ tenant }: Context, forecast: Forecast): NewRow {
  return {
    tenant,
    model_id: forecast.modelId,
    origin_session: forecast.originSession,
    horizon: forecast.horizon,
    ticker: forecast.ticker,
    kind: forecast.kind,
    model_version: forecast.modelVersion,
    target_session: forecast.targetSession,
    current_price: forecast.currentPrice,
    log_return: forecast.logReturn,
    intervals: JSON.stringify(forecast.intervals),
    confidence: forecast.confidence,
    direction_probability: forecast.directionProbability,
    certificate_id: forecast.certificateId ?? null,
    baseline_ratio: forecast.baselineRatio ?? null,
    notes: JSON.stringify(forecast.notes),
    made_at: forecast.madeAt,
  };
}

function pastForecastOf(row: Selectable<Schema['forecast_as_of']>): PastForecast {
  return { ...forecastOf(row), vantage: { asOf: row.as_of, knownAt: row.known_at } };
}

/** A forecast from its row. */
export function forecastOf(row: Row): Forecast {
  return {
    ticker: row.ticker,
    horizon: row.horizon,
    modelId: row.model_id,
    kind: row.kind,
    modelVersion: row.model_version,
    originSession: row.origin_session,
    targetSession: row.target_session,
    currentPrice: row.current_price,
    logReturn: row.log_return,
    intervals: row.intervals,
    confidence: row.confidence,
    directionProbability: row.direction_probability,
    ...(row.certificate_id === null ? {} : { certificateId: row.certificate_id }),
    ...(row.baseline_ratio === null ? {} : { baselineRatio: row.baseline_ratio }),
    notes: row.notes,
    madeAt: row.made_at,
  };
}
