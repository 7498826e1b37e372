import { type Kysely, sql } from 'kysely';
import type { Bar, CorporateEvent, Instant } from '../../domain/bar.ts';
import type { Schema } from '../postgres/schema.ts';

/**
 * Adds the bars that are new or differ from their newest version, and returns what it added. Rows travel as one array
 * per column: one statement per batch, whatever its size.
 */
export async function insertChangedBars(
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

/** Adds the events that are new or differ from their newest version, and returns what it added. */
export async function insertChangedEvents(
  db: Kysely<Schema>,
  tenant: string,
  ingestId: string,
  learntAt: Instant,
  events: readonly CorporateEvent[],
): Promise<{ ticker: string; version: number }[]> {
  if (events.length === 0) return [];
  const column = <T>(pick: (event: CorporateEvent) => T) => events.map(pick);
  const { rows } = await sql<{ ticker: string; version: number }>`
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
    returning ticker, version`.execute(db);
  return rows;
}

/** Brings the record of what is held up to date for tickers whose bars have changed. */
export async function updateHoldings(db: Kysely<Schema>, tenant: string, tickers: readonly string[]): Promise<void> {
  await sql`
    insert into holding (tenant, ticker, sector, sessions, first_session, last_session)
    select tenant, ticker,
      (select sector from bar_version newest
        where newest.tenant = first.tenant and newest.ticker = first.ticker order by date desc, version desc limit 1),
      count(*), min(date), max(date)
    from bar_version first
    where tenant = ${tenant} and ticker = any(${tickers}) and version = 1
    group by tenant, ticker
    on conflict (tenant, ticker) do update set
      sector = excluded.sector,
      sessions = excluded.sessions,
      first_session = excluded.first_session,
      last_session = excluded.last_session`.execute(db);
}
