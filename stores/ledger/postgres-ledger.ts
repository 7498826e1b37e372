import { type Kysely, type Selectable, sql } from 'kysely';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { wasPutThereSince } from '../../domain/experiment.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention, Promotion } from '../../domain/model-version.ts';
import type { Database } from '../postgres/database.ts';
import type { Schema } from '../postgres/schema.ts';
import { modelMentions } from '../postgres/model-mentions.ts';
import type { Ledger, Replacement, Rollback } from './ledger.ts';

/** The ledger in PostgreSQL: rows are added and never changed. */
export class PostgresLedger implements Ledger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  enter(
    context: Context,
    promotion: Omit<Promotion, 'entry' | 'movedLive' | 'previousModelId' | 'at'>,
    { leavesPut = false }: { readonly leavesPut?: boolean } = {},
  ): Promise<Promotion> {
    const { tenant } = context;
    const { ticker, horizon, asOf, modelId, runId, executionId, live } = promotion;
    return this.#database.transaction(async (db) => {
      await lockLine(db, tenant, ticker, horizon);
      const entered = await entryOf(db, tenant, ticker, horizon, executionId);
      if (entered !== undefined) return promotionOf(entered);

      const serving = await liveEntry(db, tenant, ticker, horizon);
      if (leavesPut && live && serving !== undefined) {
        const before = await newestOfRun(db, tenant, ticker, horizon, runId);
        const there = promotionOf(serving);
        if (before !== undefined && wasPutThereSince(there, promotionOf(before))) return there;
      }
      const previous = await entryAsOf(db, tenant, ticker, horizon, asOf);
      // A live entry that confirmed what serves did not move it, but nothing may go back behind its date.
      const newest = await newestLiveDate(db, tenant, ticker, horizon);
      const row = await db
        .insertInto('promotion')
        .values({
          tenant,
          ticker,
          horizon,
          as_of: asOf,
          model_id: modelId,
          kind: promotion.kind,
          previous_model_id: previous?.model_id ?? null,
          reasons: JSON.stringify(promotion.reasons),
          certificate_id: promotion.certificateId ?? null,
          principal: promotion.principal,
          run_id: runId,
          execution_id: executionId,
          live,
          at: context.clock.now().toISOString(),
          is_rollback: false,
          moved_live: live && (serving === undefined || (asOf >= newest && modelId !== serving.model_id)),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return promotionOf(row);
    });
  }

  rollBack(context: Context, rollback: Rollback): Promise<Promotion | undefined> {
    const { tenant } = context;
    const { ticker, horizon, from, to } = rollback;
    return this.#database.transaction(async (db) => {
      await lockLine(db, tenant, ticker, horizon);
      const serving = await liveEntry(db, tenant, ticker, horizon);
      if (serving === undefined) return undefined;
      if (serving.model_id === to.modelId || serving.model_id !== from) return promotionOf(serving);
      // An entry is rolled back from once, so its number makes a name.
      const name = `rollback/${tenant}/${ticker}/${horizon}/${serving.id}`;
      return putInPlace(db, context, { ...rollback, runId: name }, true);
    });
  }

  replace(context: Context, replacement: Replacement): Promise<Promotion | undefined> {
    const { tenant } = context;
    const { ticker, horizon, from, runId } = replacement;
    return this.#database.transaction(async (db) => {
      await lockLine(db, tenant, ticker, horizon);
      const entered = await entryOf(db, tenant, ticker, horizon, runId);
      if (entered !== undefined) return promotionOf(entered);
      const serving = await liveEntry(db, tenant, ticker, horizon);
      if (serving?.model_id !== from) return undefined;
      return putInPlace(db, context, replacement, false);
    });
  }

  async production(
    context: Context,
    ticker: string,
    horizon: Horizon,
    asOf?: SessionDate,
  ): Promise<Promotion | undefined> {
    const { tenant } = context;
    const row = await this.#database.run((db) =>
      asOf === undefined ? liveEntry(db, tenant, ticker, horizon) : entryAsOf(db, tenant, ticker, horizon, asOf),
    );
    return row === undefined ? undefined : promotionOf(row);
  }

  async serving({ tenant }: Context): Promise<Promotion[]> {
    const rows = await this.#database.run((db) =>
      db
        .selectFrom('promotion')
        .distinctOn(['ticker', 'horizon'])
        .selectAll()
        .where('tenant', '=', tenant)
        .where('moved_live', '=', true)
        .orderBy('ticker')
        .orderBy('horizon')
        .orderBy('id', 'desc')
        .execute(),
    );
    return rows.map(promotionOf);
  }

  async newestOf(context: Context, runId: string, ticker: string, horizon: Horizon): Promise<Promotion | undefined> {
    const row = await this.#database.run((db) => newestOfRun(db, context.tenant, ticker, horizon, runId));
    return row === undefined ? undefined : promotionOf(row);
  }

  async entry({ tenant }: Context, entry: number): Promise<Promotion | undefined> {
    const row = await this.#database.run((db) =>
      db.selectFrom('promotion').selectAll().where('tenant', '=', tenant).where('id', '=', entry).executeTakeFirst(),
    );
    return row === undefined ? undefined : promotionOf(row);
  }

  async history(context: Context, ticker: string): Promise<Promotion[]> {
    const rows = await this.#database.run((db) => entries(db, context.tenant, ticker).orderBy('id', 'desc').execute());
    return rows.map(promotionOf);
  }

  mentions(context: Context): Promise<ModelMention[]> {
    return modelMentions(this.#database, context, ['promotion']);
  }
}

async function putInPlace(
  db: Kysely<Schema>,
  { tenant, clock }: Context,
  { ticker, horizon, from, to, reasons, principal, runId }: Replacement,
  isRollback: boolean,
): Promise<Promotion> {
  const row = await db
    .insertInto('promotion')
    .values({
      tenant,
      ticker,
      horizon,
      as_of: await newestLiveDate(db, tenant, ticker, horizon),
      model_id: to.modelId,
      kind: to.kind,
      previous_model_id: from,
      reasons: JSON.stringify(reasons),
      certificate_id: to.certificateId ?? null,
      principal,
      run_id: runId,
      execution_id: runId,
      live: true,
      at: clock.now().toISOString(),
      moved_live: to.modelId !== from,
      is_rollback: isRollback,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return promotionOf(row);
}

// Entries for a ticker and horizon are made one after the other.
async function lockLine(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon): Promise<void> {
  const line = `ledger/${tenant}/${ticker}/${horizon}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${line}, 0))`.execute(db);
}

async function newestLiveDate(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon) {
  const { newest } = await db
    .selectFrom('promotion')
    .select((eb) => eb.fn.max('as_of').as('newest'))
    .where('tenant', '=', tenant)
    .where('ticker', '=', ticker)
    .where('horizon', '=', horizon)
    .where('live', '=', true)
    .executeTakeFirstOrThrow();
  return newest;
}

function entries(db: Kysely<Schema>, tenant: string, ticker: string) {
  return db.selectFrom('promotion').selectAll().where('tenant', '=', tenant).where('ticker', '=', ticker);
}

// What an execution has entered, which may try again.
function entryOf(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon, executionId: string) {
  return entries(db, tenant, ticker)
    .where('horizon', '=', horizon)
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
}

// The newest entry that moved the live alias is what it points to.
function liveEntry(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon) {
  return newestFirst(db, tenant, ticker, horizon).where('moved_live', '=', true).executeTakeFirst();
}

function newestOfRun(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon, runId: string) {
  return newestFirst(db, tenant, ticker, horizon).where('run_id', '=', runId).executeTakeFirst();
}

function newestFirst(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon) {
  return entries(db, tenant, ticker).where('horizon', '=', horizon).orderBy('id', 'desc').limit(1);
}

function entryAsOf(db: Kysely<Schema>, tenant: string, ticker: string, horizon: Horizon, asOf: SessionDate) {
  return entries(db, tenant, ticker)
    .where('horizon', '=', horizon)
    .where('as_of', '<=', asOf)
    .orderBy('as_of', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** An entry of the ledger from its row. */
export function promotionOf(row: Selectable<Schema['promotion']>): Promotion {
  return {
    entry: row.id,
    ticker: row.ticker,
    horizon: row.horizon,
    asOf: row.as_of,
    modelId: row.model_id,
    kind: row.kind,
    ...(row.previous_model_id === null ? {} : { previousModelId: row.previous_model_id }),
    reasons: row.reasons,
    ...(row.certificate_id === null ? {} : { certificateId: row.certificate_id }),
    principal: row.principal,
    runId: row.run_id,
    executionId: row.execution_id,
    live: row.live,
    at: row.at,
    movedLive: row.moved_live,
    ...(row.is_rollback ? { isRollback: true as const } : {}),
  };
}
