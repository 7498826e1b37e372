import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { connectionOptions } from './connection-options.ts';
import { databaseFailure } from './database-failure.ts';
import { ImpatientClient } from './impatient-client.ts';
import { migrate } from './migrate.ts';
import type { Schema } from './schema.ts';
import type { Statement } from './statement.ts';

/** How much longer than a statement itself its answer may take. */
const SILENCE_MS = 5000;

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
  /** Connections at most. */
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  /** Longest wait for a connection, be it that the server is slow or that all of the pool's are busy; default 10,000. */
  readonly connectTimeoutMs?: number;
}

/** The database as the stores use it: its tables are there before the first statement runs. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #db: Kysely<Schema>;
  #migrated: Promise<void> | undefined;

  /**
   * Connects at first use, so that it can be made while the database is away.
   * @throws StockcastError CONFIG_INVALID when what the address says of TLS is not possible
   */
  constructor(url: string, { poolSize, statementTimeoutMs, connectTimeoutMs = 10_000 }: DatabaseOptions) {
    const pool = new pg.Pool({
      ...connectionOptions(url),
      max: poolSize,
      application_name: 'stockcast',
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + SILENCE_MS,
      Client: ImpatientClient,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      types,
      // A server may be set up to write dates otherwise, or floats to 15 digits.
      options: '-c datestyle=ISO -c extra_float_digits=1',
    });
    // A connection that breaks is taken out of the pool by itself and the next statement says what is wrong; unheard,
    // the event would end the process, for idle connections (the pool's) and for those in use (the client's).
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    this.#pool = pool;
    this.#db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  }

  /**
   * Runs statements.
   * @throws StockcastError DATABASE_UNAVAILABLE when the database is away or overloaded, DATABASE_INCOMPATIBLE when its
   * tables are not ours, CONFIG_INVALID when it refuses the user, the password or the database's name; whatever else
   * goes wrong as it is
   */
  async run<T>(body: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      await this.#ready();
      return await body(this.#db);
    } catch (error) {
      throw databaseFailure(error);
    }
  }

  /**
   * Runs a statement that was compiled before, by itself, and gives its rows.
   * @throws StockcastError as `run` does
   */
  async ask<Values extends object, Row>(statement: Statement<Values, Row>, values: Values): Promise<Row[]> {
    try {
      await this.#ready();
      // Past the query builder, whose own layers take a tenth of the time of a small statement.
      return (await this.#pool.query(statement.filled(values))).rows as Row[];
    } catch (error) {
      throw databaseFailure(error);
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
