import { sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { Database } from '../postgres/database.ts';
import type { PredictionEntry, PredictionLog } from './prediction-log.ts';

/** The audit in PostgreSQL: a thousand rows are one JSON document, which costs less to write than as many parameters. */
export class PostgresPredictionLog implements PredictionLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async append({ tenant }: Pick<Context, 'tenant'>, entries: readonly PredictionEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = JSON.stringify(entries);
    await this.#database.run((db) =>
      sql`
        insert into prediction_log (
          tenant, id, at, request_id, principal, route, ticker, horizon, asked, duration_ms, cache, code,
          model_id, kind, origin_session, price_target, confidence, as_of
        )
        select
          ${tenant}, id, at, "requestId", principal, route, ticker, horizon, asked, "durationMs", cache, code,
          answer ->> 'modelId', answer ->> 'kind', (answer ->> 'originSession')::date,
          (answer ->> 'priceTarget')::double precision, (answer ->> 'confidence')::double precision,
          "asOf"
        from json_to_recordset(${rows}::json) as entry (
          id uuid, at timestamptz, "requestId" text, principal text, route text, ticker text, horizon integer,
          asked text, "asOf" date, "durationMs" double precision, cache text, code text, answer json
        )
        on conflict do nothing`.execute(db),
    );
  }
}
