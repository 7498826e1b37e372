import { sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Database } from '../postgres/database.ts';
import type { PredictionEntry, PredictionLog } from './prediction-log.ts';

/** The audit in PostgreSQL: one array a column, so that a thousand rows are one short statement. */
export class PostgresPredictionLog implements PredictionLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async append({ tenant }: Pick<Context, 'tenant'>, entries: readonly PredictionEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const column = <T>(pick: (entry: PredictionEntry) => T | undefined) => entries.map((entry) => pick(entry) ?? null);
    await this.#database.run((db) =>
      sql`
        insert into prediction_log (
          tenant, id, at, request_id, principal, route, ticker, horizon, asked, duration_ms, cache, code,
          model_id, kind, origin_session, price_target, confidence
        )
        select ${tenant}, entry.* from unnest(
          ${column(({ id }) => id)}::uuid[],
          ${column(({ at }) => at)}::timestamptz[],
          ${column(({ requestId }) => requestId)}::text[],
          ${column(({ principal }) => principal)}::text[],
          ${column(({ route }) => route)}::text[],
          ${column(({ ticker }) => ticker)}::text[],
          ${column(({ horizon }) => horizon)}::integer[],
          ${column(({ asked }) => asked)}::text[],
          ${column(({ durationMs }) => durationMs)}::double precision[],
          ${column(({ cache }) => cache)}::text[],
          ${column(({ code }) => code)}::text[],
          ${column(({ answer }) => answer?.modelId)}::text[],
          ${column(({ answer }) => answer?.kind)}::text[],
          ${column(({ answer }) => answer?.originSession)}::date[],
          ${column(({ answer }) => answer?.priceTarget)}::double precision[],
          ${column(({ answer }) => answer?.confidence)}::double precision[]
        ) as entry
        on conflict do nothing`.execute(db),
    );
  }
}
