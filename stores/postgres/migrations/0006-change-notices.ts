import { type Kysely, sql } from 'kysely';

/**
 * Whatever changes a ticker's forecasts says so on the channel `stockcast_changes` when its transaction commits: bars,
 * events, models and what is found of them, promotions. The payload is `tenant/ticker`. As triggers, so that no writer
 * can forget it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function notify_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('stockcast_changes', tenant || '/' || ticker)
        from (select distinct tenant, ticker from changed) as each;
      return null;
    end $$`.execute(db);
  for (const [table, operation] of [
    ['bar_version', 'insert'],
    ['event_version', 'insert'],
    ['promotion', 'insert'],
    ['model', 'insert'],
    ['model', 'update'],
  ] as const) {
    await sql`
      create trigger ${sql.id(`notify_${operation}`)} after ${sql.raw(operation)} on ${sql.table(table)}
        referencing new table as changed for each statement execute function notify_change()`.execute(db);
  }
}
