import { type Kysely, sql } from 'kysely';
import type { Bar, CorporateEvent, Instant, PriceSeries, Vantage } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { type DatasetSource, seriesOf } from '../../domain/dataset.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import type { BarStore, IngestRecord, MergeReport, TickerSummary } from './bar-store.ts';

const SHOWN_RESTATEMENTS = 100;
const SOURCES = 20;

/** Bars and events in PostgreSQL, every version kept. */
export class PostgresBarStore implements BarStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  merge(
    context: Context,
    record: IngestRecord,
    batches: AsyncIterable<readonly Bar[]> | Iterable<readonly Bar[]>,
    events: readonly CorporateEvent[],
  ): Promise<MergeReport> {
    const { tenant } = context;
    return this.#database.transaction(async (db) => {
      // One merge at a time per tenant keeps version numbers straight; readers are not held up.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`bars/${tenant}`}, 0))`.execute(db);
      const learntAt = context.clock.now().toISOString();
      const added: Record<string, number> = {};
      const restated: { ticker: string; date: string }[] = [];
      let [nAdded, nRestated, nRows] = [0, 0, 0];
      for await (const batch of batches) {
        nRows += batch.length;
        for (const { ticker, date, version } of await insertChanged(db, tenant, record.id, learntAt, batch)) {
          if (version === 1) {
            nAdded++;
            added[ticker] = (added[ticker] ?? 0) + 1;
          } else {
            nRestated++;
            if (restated.length < SHOWN_RESTATEMENTS) restated.push({ ticker, date });
          }
        }
      }
      const changedEvents = await insertChangedEvents(db, tenant, record.id, learntAt, events);
      const eventsAdded = changedEvents.filter((version) => version === 1).length;
      await db
        .insertInto('ingest')
        .values({
          tenant,
          id: record.id,
          source: record.source,
          accepted_rows: record.acceptedRows,
          rejected_rows: record.rejectedRows,
          report: JSON.stringify(record.report),
          learnt_at: learntAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return {
        added,
        unchanged: nRows - nAdded - nRestated,
        restated,
        nRestated,
        eventsAdded,
        eventsRestated: changedEvents.length - eventsAdded,
      };
    });
  }

  async series(context: Context, ticker: string, vantage: Vantage): Promise<PriceSeries | undefined> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('bar_version')
        .distinctOn('date')
        .select(['date', 'sector', 'open', 'high', 'low', 'close', 'volume'])
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('date', '<=', vantage.asOf)
        .where((eb) => eb.or([eb('version', '=', 1), eb('learnt_at', '<=', vantage.knownAt)]))
        .orderBy('date')
        .orderBy('version', 'desc')
        .execute(),
    );
    return rows.length === 0 ? undefined : seriesOf(rows.map((row) => ({ ...row, ticker })));
  }

  events(context: Context, ticker: string, vantage: Vantage): Promise<CorporateEvent[]> {
    return this.#database.run((db) =>
      db
        .selectFrom('event_version')
        .distinctOn(['date', 'kind'])
        .select(['ticker', 'date', 'kind', 'value'])
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('date', '<=', vantage.asOf)
        .where((eb) => eb.or([eb('version', '=', 1), eb('learnt_at', '<=', vantage.knownAt)]))
        .orderBy('date')
        .orderBy('kind')
        .orderBy('version', 'desc')
        .execute(),
    );
  }

  async tickers(context: Context): Promise<TickerSummary[]> {
    const { rows } = await this.#database.run((db) =>
      sql<TickerSummary>`
        select ticker,
          (array_agg(sector order by date desc, version desc))[1] as sector,
          count(distinct date)::integer as sessions,
          min(date) as "firstSession",
          max(date) as "lastSession"
        from bar_version where tenant = ${context.tenant} group by ticker order by ticker`.execute(db),
    );
    return rows;
  }

  async sources(context: Context, ticker: string, knownAt: Instant): Promise<DatasetSource[]> {
    const { rows } = await this.#database.run((db) =>
      sql<DatasetSource>`
        select source, learnt_at as "fetchedAt", accepted_rows as "acceptedRows", rejected_rows as "rejectedRows"
        from ingest
        where tenant = ${context.tenant} and learnt_at <= ${knownAt} and id in (
          select ingest_id from bar_version where tenant = ${context.tenant} and ticker = ${ticker})
        order by learnt_at desc limit ${SOURCES}`.execute(db),
    );
    return rows;
  }
}

// Rows travel as one array per column: one statement per batch, whatever its size.
async function insertChanged(
  db: Kysely<Schema>,
  tenant: string,
  ingestId: string,
  learntAt: Instant,
  bars: readonly Bar[],
): Promise<{ ticker: string; date: string; version: number }[]> {
  const column = <T>(pick: (bar: Bar) => T) => bars.map(pick);
  const { rows } = await sql<{ ticker: string; date: string; version: number }>`
    insert into bar_version
      (tenant, ticker, date, version, sector, open, high, low, close, volume, learnt_at, ingest_id)
    select ${tenant}, new.ticker, new.date, coalesce(old.version, 0) + 1, new.sector,
      new.open, new.high, new.low, new.close, new.volume, ${learntAt}, ${ingestId}
    from unnest(
      ${column((bar) => bar.ticker)}::text[], ${column((bar) => bar.sector)}::text[], ${column((bar) => bar.date)}::date[],
      ${column((bar) => bar.open)}::float8[], ${column((bar) => bar.high)}::float8[], ${column((bar) => bar.low)}::float8[],
      ${column((bar) => bar.close)}::float8[], ${column((bar) => bar.volume)}::float8[]
    ) as new (ticker, sector, date, open, high, low, close, volume)
    left join lateral (
      select * from bar_version known
      where known.tenant = ${tenant} and known.ticker = new.ticker and known.date = new.date
      order by version desc limit 1
    ) old on true
    where old.version is null
      or (old.sector, old.open, old.high, old.low, old.close, old.volume)
        is distinct from (new.sector, new.open, new.high, new.low, new.close, new.volume)
    order by new.ticker, new.date
    returning ticker, date, version`.execute(db);
  return rows;
}

async function insertChangedEvents(
  db: Kysely<Schema>,
  tenant: string,
  ingestId: string,
  learntAt: Instant,
  events: readonly CorporateEvent[],
): Promise<number[]> {
  if (events.length === 0) return [];
  const column = <T>(pick: (event: CorporateEvent) => T) => events.map(pick);
  const { rows } = await sql<{ version: number }>`
    insert into event_version (tenant, ticker, date, kind, version, value, learnt_at, ingest_id)
    select ${tenant}, new.ticker, new.date, new.kind, coalesce(old.version, 0) + 1, new.value, ${learntAt}, ${ingestId}
    from unnest(
      ${column((event) => event.ticker)}::text[], ${column((event) => event.date)}::date[],
      ${column((event) => event.kind)}::text[], ${column((event) => event.value)}::float8[]
    ) as new (ticker, date, kind, value)
    left join lateral (
      select * from event_version known
      where known.tenant = ${tenant} and known.ticker = new.ticker and known.date = new.date and known.kind = new.kind
      order by version desc limit 1
    ) old on true
    where old.version is null or old.value <> new.value
    returning version`.execute(db);
  return rows.map((row) => row.version);
}
