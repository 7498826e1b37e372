import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import type { Bar, PriceSeries } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';

/** How the names of staging folders begin, below the system's temporary folder. */
export const STAGING_FOLDER = 'stockcast-staging-';

const CHUNK_ROWS = 2048;
const MEMORY_LIMIT = '128MB';
const VALUE_COLUMNS = ['open', 'high', 'low', 'close', 'volume'];
const VALUES = VALUE_COLUMNS.join(', ');

/** A row that contradicts the first one of its (ticker, date). */
export interface RepeatedRow {
  readonly ticker: string;
  readonly date: string;
  readonly firstLine: number;
  readonly line: number;
}

/** What is staged of one ticker. */
export interface StagedTicker {
  readonly ticker: string;
  readonly rows: number;
  readonly firstSession: string;
  readonly lastSession: string;
}

/** Bars of a file on their way in, in a temporary database on disk, so that memory stays bounded whatever the file's size. */
export class BarStaging {
  readonly #dir: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  readonly #emptyChunk: (rowCount: number) => DuckDBDataChunk;
  #chunk: (number | string)[][] = [];

  private constructor(
    dir: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
    emptyChunk: (rowCount: number) => DuckDBDataChunk,
  ) {
    this.#dir = dir;
    this.#instance = instance;
    this.#connection = connection;
    this.#appender = appender;
    this.#emptyChunk = emptyChunk;
  }

  static async open(): Promise<BarStaging> {
    // Loaded by the first file, since most processes never have one.
    const { DOUBLE, DuckDBDataChunk, DuckDBInstance, INTEGER, VARCHAR } = await import('@duckdb/node-api');
    const types = [INTEGER, VARCHAR, VARCHAR, VARCHAR, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE];
    const dir = await mkdtemp(join(tmpdir(), STAGING_FOLDER));
    const instance = await DuckDBInstance.create(join(dir, 'bars.duckdb'), {
      memory_limit: MEMORY_LIMIT,
      temp_directory: dir,
      threads: '1',
      preserve_insertion_order: 'false',
    });
    const connection = await instance.connect();
    await connection.run(
      'create table bar (line integer, ticker varchar, sector varchar, date varchar, open double, high double, low double, close double, volume double)',
    );
    const appender = await connection.createAppender('bar');
    return new BarStaging(dir, instance, connection, appender, (rows) => DuckDBDataChunk.create(types, rows));
  }

  add(line: number, bar: Bar): void {
    const { ticker, sector, date, open, high, low, close, volume } = bar;
    this.#chunk.push([line, ticker, sector, date, open, high, low, close, volume]);
    if (this.#chunk.length === CHUNK_ROWS) this.#flush();
  }

  /** Call once after the last `add`. */
  finish(): void {
    this.#flush();
    this.#appender.closeSync();
  }

  /**
   * Call once after `finish`. Finds rows of a (ticker, date) that came before. Equal ones leave one behind; of those that contradict the first
   * none stays, and `onContradiction` is told each with the first one's line, ascending by line.
   */
  async settleRepeats(
    onContradiction: (row: RepeatedRow) => void,
  ): Promise<{ repeats: number; contradictions: number }> {
    const before = await this.count();
    await this.#connection.run(
      `create temp table repeated as
         select ticker, date, min(line) as first from bar group by ticker, date having count(*) > 1`,
    );
    await this.#connection.run(
      `create temp table contradiction as
         select ticker, date, first, bar.line from repeated join bar using (ticker, date)
         join bar original using (ticker, date)
         where original.line = first and (bar.sector, ${columns('bar')}) is distinct from (original.sector, ${columns('original')})`,
    );
    const found = await this.#connection.stream('select ticker, date, first, line from contradiction order by line');
    for await (const rows of found.yieldRowsJs()) {
      for (const [ticker, date, first, line] of rows) {
        onContradiction({ ticker: String(ticker), date: String(date), firstLine: Number(first), line: Number(line) });
      }
    }
    await this.#connection.run(
      'delete from bar using contradiction c where bar.ticker = c.ticker and bar.date = c.date',
    );
    const consistent = await this.count();
    await this.#connection.run(
      'delete from bar using repeated r where bar.ticker = r.ticker and bar.date = r.date and bar.line > r.first',
    );
    const settled = await this.count();
    // Lying together, the rows of one ticker can be read without passing over all others.
    await this.#connection.run('create table sorted as select * exclude (line) from bar order by ticker, date');
    await this.#connection.run('drop table bar');
    await this.#connection.run('alter table sorted rename to bar');
    return { contradictions: before - consistent, repeats: consistent - settled };
  }

  async count(): Promise<number> {
    const reader = await this.#connection.runAndReadAll('select count(*)::integer from bar');
    return Number(reader.getRowsJS()[0]![0]);
  }

  async tickers(): Promise<StagedTicker[]> {
    const reader = await this.#connection.runAndReadAll(
      'select ticker, count(*)::integer, min(date), max(date) from bar group by ticker order by ticker',
    );
    return reader.getRowsJS().map(([ticker, rows, first, last]) => ({
      ticker: String(ticker),
      rows: Number(rows),
      firstSession: String(first),
      lastSession: String(last),
    }));
  }

  /** All bars, ascending by ticker and date, some thousands at a time. */
  async *batches(): AsyncGenerator<Bar[]> {
    const result = await this.#connection.stream(
      `select ticker, sector, date, ${VALUES} from bar order by ticker, date`,
    );
    for await (const rows of result.yieldRowsJs()) yield rows.map(barOf);
  }

  /** The bars of one ticker. */
  async series(ticker: string): Promise<PriceSeries> {
    const reader = await this.#connection.runAndReadAll(
      `select ticker, sector, date, ${VALUES} from bar where ticker = $1 order by date`,
      [ticker],
    );
    return seriesOf(reader.getRowsJS().map(barOf));
  }

  /** The median simple return from the previous close to the open of all tickers but one on a date; undefined when alone. */
  async medianOvernightReturn(date: string, exceptTicker: string): Promise<number | undefined> {
    const reader = await this.#connection.runAndReadAll(
      `select median(today.open / yesterday.close - 1) from bar today
       join bar yesterday on yesterday.ticker = today.ticker
         and yesterday.date = (select max(date) from bar earlier where earlier.ticker = today.ticker and earlier.date < $1)
       where today.date = $1 and today.ticker <> $2`,
      [date, exceptTicker],
    );
    const median = reader.getRowsJS()[0]?.[0];
    return typeof median === 'number' ? median : undefined;
  }

  /** Removes the temporary database. */
  async close(): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #flush(): void {
    if (this.#chunk.length === 0) return;
    const chunk = this.#emptyChunk(this.#chunk.length);
    chunk.setRows(this.#chunk);
    this.#appender.appendDataChunk(chunk);
    this.#chunk = [];
  }
}

function columns(table: string): string {
  return VALUE_COLUMNS.map((column) => `${table}.${column}`).join(', ');
}

function barOf(row: readonly unknown[]): Bar {
  const [ticker, sector, date, open, high, low, close, volume] = row as [string, string, string, ...number[]];
  return { ticker, sector, date, open: open!, high: high!, low: low!, close: close!, volume: volume! };
}
