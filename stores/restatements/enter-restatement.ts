import { type Kysely, sql } from 'kysely';
import type { Instant } from '../../domain/bar.ts';
import { shortHash } from '../../domain/identity.ts';
import { type ChangedEvent, type Restatement } from '../../domain/restatement.ts';
import { describeRestatement } from '../../domain/restatement-cause.ts';
import type { Schema } from '../postgres/schema.ts';
import { changedSessions } from './changed-sessions.ts';

/** What a merge has just written, by which its changes are found again. */
interface Merged {
  readonly id: string;
  readonly source: string;
  readonly learntAt: Instant;
  /** Tickers of which it wrote versions of bars or events that may change what was known. */
  readonly tickers: readonly string[];
}

/**
 * Enters what a merge changed of known history, within its transaction, one ticker after the other so that memory holds
 * one at a time. Undefined when it changed none: other sectors and new sessions are no change.
 */
export async function enterRestatement(
  db: Kysely<Schema>,
  tenant: string,
  merged: Merged,
): Promise<Restatement | undefined> {
  const { id: ingestId, source, learntAt } = merged;
  const id = shortHash({ ingestId, learntAt });
  const tickers: Restatement['tickers'][number][] = [];
  for (const ticker of [...merged.tickers].sort()) {
    const sessions = await changedSessions(db, tenant, ticker, merged);
    const events = await changedEvents(db, tenant, ticker, merged);
    if (sessions.length > 0 || events.length > 0) tickers.push(describeRestatement(ticker, sessions, events));
  }
  if (tickers.length === 0) return undefined;
  await db
    .insertInto('restatement')
    .values({ tenant, id, ingest_id: ingestId, source, learnt_at: learntAt, retraining_run_id: null })
    .execute();
  for (const report of tickers) {
    await db
      .insertInto('restatement_of_ticker')
      .values({ tenant, id, ticker: report.ticker, report: JSON.stringify(report) })
      .execute();
  }
  return { id, ingestId, source, learntAt, tickers };
}

/** Events with another value than before, and those of sessions that were known without them. */
async function changedEvents(
  db: Kysely<Schema>,
  tenant: string,
  ticker: string,
  { id, learntAt }: Merged,
): Promise<ChangedEvent[]> {
  const { rows } = await sql<ChangedEvent>`
    select changed.date, changed.kind, known.value as before, changed.value as after
    from event_version changed
    left join event_version known on known.tenant = changed.tenant and known.ticker = changed.ticker
      and known.date = changed.date and known.kind = changed.kind and known.version = changed.version - 1
    where changed.tenant = ${tenant} and changed.ticker = ${ticker}
      and changed.ingest_id = ${id} and changed.learnt_at = ${learntAt}
      and (known.value is not null or exists (
        select from bar_version first where first.tenant = ${tenant} and first.ticker = ${ticker}
          and first.date = changed.date and first.version = 1
          and (first.ingest_id, first.learnt_at) is distinct from (${id}::text, ${learntAt}::timestamptz)
      ))
    order by changed.date, changed.kind`.execute(db);
  return rows;
}
