import { type Kysely, sql } from 'kysely';
import type { Instant } from '../../domain/bar.ts';
import type { ChangedSession, RestatedColumn } from '../../domain/restatement.ts';
import type { Schema } from '../postgres/schema.ts';

type Row = { readonly date: string } & { readonly [column in `${'old' | 'new'}_${RestatedColumn}`]: number };

/** The sessions of a ticker whose prices or volume one ingest changed, with what was known before, ascending. */
export async function changedSessions(
  db: Kysely<Schema>,
  tenant: string,
  ticker: string,
  ingest: { readonly id: string; readonly learntAt: Instant },
): Promise<ChangedSession[]> {
  const { rows } = await sql<Row>`
    select changed.date,
      known.open as old_open, known.high as old_high, known.low as old_low, known.close as old_close,
      known.volume as old_volume,
      changed.open as new_open, changed.high as new_high, changed.low as new_low, changed.close as new_close,
      changed.volume as new_volume
    from bar_version changed
    join bar_version known on known.tenant = changed.tenant and known.ticker = changed.ticker
      and known.date = changed.date and known.version = changed.version - 1
    where changed.tenant = ${tenant} and changed.ticker = ${ticker}
      and changed.ingest_id = ${ingest.id} and changed.learnt_at = ${ingest.learntAt}
      and (known.open, known.high, known.low, known.close, known.volume)
        is distinct from (changed.open, changed.high, changed.low, changed.close, changed.volume)
    order by changed.date`.execute(db);
  const side = (row: Row, which: 'old' | 'new') => ({
    open: row[`${which}_open`],
    high: row[`${which}_high`],
    low: row[`${which}_low`],
    close: row[`${which}_close`],
    volume: row[`${which}_volume`],
  });
  return rows.map((row) => ({ date: row.date, before: side(row, 'old'), after: side(row, 'new') }));
}
