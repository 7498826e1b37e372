import { type Kysely, sql } from 'kysely';

/**
 * Challengers held against what serves: an experiment, its tickers with their two models, and what was found at each
 * look. That an experiment starts or ends is told as a change of its tickers.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table experiment (
      tenant text not null,
      id text not null,
      horizon integer not null,
      mode text not null,
      share double precision,
      split_by text,
      looks integer[] not null,
      alpha double precision not null,
      state text not null,
      reasons json not null,
      started_at timestamptz not null,
      started_by text not null,
      ended_at timestamptz,
      primary key (tenant, id)
    )`.execute(db);
  await sql`
    create table experiment_line (
      tenant text not null,
      experiment_id text not null,
      ticker text not null,
      horizon integer not null,
      champion_id text not null,
      champion_kind text not null,
      challenger_id text not null,
      challenger_kind text not null,
      running boolean not null,
      primary key (tenant, experiment_id, ticker),
      foreign key (tenant, experiment_id) references experiment
    )`.execute(db);
  await sql`create unique index experiment_at_a_time on experiment_line (tenant, ticker, horizon) where running`.execute(
    db,
  );
  await sql`
    create table experiment_look (
      tenant text not null,
      experiment_id text not null,
      n integer not null,
      rmse_ratio double precision not null,
      p_better double precision not null,
      p_worse double precision not null,
      level double precision not null,
      at timestamptz not null,
      primary key (tenant, experiment_id, n),
      foreign key (tenant, experiment_id) references experiment
    )`.execute(db);
  for (const operation of ['insert', 'update'] as const) {
    await sql`
      create trigger ${sql.id(`notify_${operation}`)} after ${sql.raw(operation)} on experiment_line
        referencing new table as changed for each statement execute function notify_change()`.execute(db);
  }
}
