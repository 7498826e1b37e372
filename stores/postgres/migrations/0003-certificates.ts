import { type Kysely, sql } from 'kysely';

/** What decides a model besides its data, certificates of models and promotions, intervals of forecasts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table model
      add column scale_targets boolean not null default false,
      add column embargo integer not null default 0,
      add column search json,
      add column made_from json not null default '[]',
      add column certificate_id text,
      add column certificate_passed boolean`.execute(db);
  await sql`alter table promotion add column certificate_id text`.execute(db);
  await sql`
    alter table forecast
      add column intervals json not null default '[]',
      add column direction_probability double precision not null default 0.5,
      add column certificate_id text`.execute(db);
}
