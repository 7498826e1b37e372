import { sql } from 'kysely';
import type { Bar, CorporateEvent, Instant, PriceSeries, SessionDate, Vantage } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { DatasetSource } from '../../domain/dataset.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { Database } from '../postgres/database.ts';
import type { BarStore, IngestRecord, MergeReport, TickerSummary } from './bar-store.ts';
import { insertChangedBars, insertChangedEvents, updateHoldings } from './bar-versions.ts';
import { enterRestatement } from '../restatements/enter-restatement.ts';
import { readSeries } from './read-series.ts';

const SHOWN_RESTATEMENTS = 100;
const SHOWN_SOURCES = 20;
/** PostgreSQL's code for a statement that took too long. */
const TOOK_TOO_LONG = '57014';

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
      await sql`select pg_advisory_xact_lock(hashtextextended(${`bars/${tenant}`}, 0))`.execute(db).catch(waitedInVain);
      const learntAt = context.clock.now().toISOString();
      const added: Record<string, number> = {};
      const restated: { ticker: string; date: string }[] = [];
      const changed = new Set<string>();
      const restatedTickers = new Set<string>();
      let [nAdded, nRestated, nRows] = [0, 0, 0];
      for await (const batch of batches) {
        nRows += batch.length;
        for (const { ticker, date, version } of await insertChangedBars(db, tenant, record.id, learntAt, batch)) {
          changed.add(ticker);
          if (version === 1) {
            nAdded++;
            added[ticker] = (added[ticker] ?? 0) + 1;
          } else {
            nRestated++;
            restatedTickers.add(ticker);
            if (restated.length < SHOWN_RESTATEMENTS) restated.push({ ticker, date });
          }
        }
      }
      if (changed.size > 0) await updateHoldings(db, tenant, [...changed]);
      const changedEvents = await insertChangedEvents(db, tenant, record.id, learntAt, events);
      const eventsAdded = changedEvents.filter(({ version }) => version === 1).length;
      for (const { ticker } of changedEvents) restatedTickers.add(ticker);
      // PostgreSQL's texts cannot hold a NUL, which a sender may put into a file's name.
      const source = record.source.replaceAll('\0', '\uFFFD');
      const tickers = [...restatedTickers];
      const restatement = await enterRestatement(db, tenant, { id: record.id, source, learntAt, tickers });
      await db
        .insertInto('ingest')
        .values({
          tenant,
          id: record.id,
          source,
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
        ...(restatement === undefined ? {} : { restatement }),
      };
    });
  }

  series(context: Context, ticker: string, vantage: Vantage, newest?: number): Promise<PriceSeries | undefined> {
    return this.#database.run((db) => readSeries(db, context.tenant, ticker, vantage, newest));
  }

  async newestSession(context: Context, ticker: string, vantage: Vantage): Promise<SessionDate | undefined> {
    const found = await this.#database.run((db) =>
      db
        .selectFrom('bar_version')
        .select('date')
        .where('tenant', '=', context.tenant)
        .where('ticker', '=', ticker)
        .where('date', '<=', vantage.asOf)
        // Whenever it was learnt, a bar's first version is seen.
        .where('version', '=', 1)
        .orderBy('date', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return found?.date;
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

  async restatedAt({ tenant }: Context, ticker: string, upTo?: SessionDate): Promise<Instant[]> {
    const within = upTo === undefined ? sql`` : sql`and date <= ${upTo}`;
    const { rows } = await this.#database.run((db) =>
      sql<{ learnt_at: Instant }>`
        select learnt_at from bar_version where tenant = ${tenant} and ticker = ${ticker} and version > 1 ${within}
        union
        select learnt_at from event_version where tenant = ${tenant} and ticker = ${ticker} and version > 1 ${within}
        order by learnt_at`.execute(db),
    );
    return rows.map((row) => row.learnt_at);
  }

  tickers(context: Context): Promise<TickerSummary[]> {
    return this.#database.run((db) =>
      db
        .selectFrom('holding')
        .select(['ticker', 'sector', 'sessions', 'first_session as firstSession', 'last_session as lastSession'])
        .where('tenant', '=', context.tenant)
        .orderBy('ticker')
        .execute(),
    );
  }

  async sources(context: Context, ticker: string, knownAt: Instant): Promise<DatasetSource[]> {
    const { rows } = await this.#database.run((db) =>
      sql<DatasetSource>`
        select source, brought.at as "fetchedAt", accepted_rows as "acceptedRows", rejected_rows as "rejectedRows"
        from (
          select ingest_id, max(learnt_at) as at from bar_version
          where tenant = ${context.tenant} and ticker = ${ticker} and (version = 1 or learnt_at <= ${knownAt})
          group by ingest_id
        ) brought
        join ingest on tenant = ${context.tenant} and id = ingest_id
        order by brought.at desc, id limit ${SHOWN_SOURCES}`.execute(db),
    );
    return rows;
  }
}

// The database is well: it is another merge that takes long.
function waitedInVain(error: unknown): never {
  if ((error as { code?: unknown }).code !== TOOK_TOO_LONG) throw error;
  throw new StockcastError('UPLOAD_BUSY', {}, { cause: error });
}
