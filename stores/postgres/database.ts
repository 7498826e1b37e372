import { Kysely, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import { StockcastError } from '../../domain/errors.ts';
import * as firstTables from './migrations/0001-first-tables.ts';
import type { Schema } from './schema.ts';

const MIGRATIONS = { '0001-first-tables': firstTables };
const CONNECT_TIMEOUT_MS = 5000;

const DATE = 1082;
const TIMESTAMPTZ = 1184;
const BIGINT = 20;

// Dates stay the texts that they are: a Date would move them into this machine's time zone.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') => {
    if (oid === DATE) return (text: string) => text;
    if (oid === TIMESTAMPTZ) return (text: string) => new Date(text).toISOString();
    if (oid === BIGINT) return Number;
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

export interface DatabaseOptions {
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
}

/** The database as the stores use it: its tables are there before the first statement runs. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #db: Kysely<Schema>;
  #migrated: Promise<void> | undefined;

  /** Connects at first use, so that it can be made while the database is away. */
  constructor(url: string, { poolSize, statementTimeoutMs }: DatabaseOptions) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: poolSize,
      statement_timeout: statementTimeoutMs,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types,
    });
    // An idle connection that breaks is taken out of the pool by itself; the next statement says what is wrong.
    this.#pool.on('error', () => {});
    this.#db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.#pool }) });
  }

  /**
   * Runs statements.
   * @throws StockcastError DATABASE_UNAVAILABLE when the database is away; whatever else goes wrong as it is
   */
  async run<T>(body: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      await this.#ready();
      return await body(this.#db);
    } catch (error) {
      throw translated(error);
    }
  }

  /** Runs statements in one transaction: all or none. */
  transaction<T>(body: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    return this.run((db) => db.transaction().execute(body));
  }

  /** @throws StockcastError DATABASE_UNAVAILABLE */
  async ping(): Promise<void> {
    await this.run((db) => db.selectNoFrom((eb) => eb.lit(1).as('one')).execute());
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }

  // A migration that failed because the database was away is tried again at the next use.
  async #ready(): Promise<void> {
    this.#migrated ??= migrate(this.#db);
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
  }
}

/** Brings the tables up to date; may run in many processes at once. */
async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

const AWAY = /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|57P0[123]|08\w{3}|53300)$/;
const AWAY_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StockcastError) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  if (inner !== undefined) return translated(inner);
  if (!AWAY.test(code) && !AWAY_MESSAGE.test(error.message)) return error;
  return new StockcastError('DATABASE_UNAVAILABLE', { problem: error.message || code }, { cause: error });
}
