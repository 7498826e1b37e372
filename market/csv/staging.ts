import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import type { Bar, PriceSeries } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';

const CHUNK_ROWS = 2048;
const MEMORY_LIMIT = '256MB';
const TYPES = [INTEGER, VARCHAR, VARCHAR, VARCHAR, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE];
const VALUES = 'open, high, low, close, volume';

/** Rows of one (ticker, date) that stand in a file more than once. */
export interface RepeatedRows {
  readonly ticker: string;
  readonly date: string;
  /** Ascending. */
  readonly lines: readonly number[];
  /** Whether all of them say the same. */
  readonly equal: boolean;
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
  #chunk: (number | string)[][] = [];

  private constructor(dir: string, instance: DuckDBInstance, connection: DuckDBConnection, appender: DuckDBAppender) {
    this.#dir = dir;
    this.#instance = instance;
    this.#connection = connection;
    this.#appender = appender;
  }

  static async open(): Promise<BarStaging> {
    const dir = await mkdtemp(join(tmpdir(), 'stockcast-staging-'));
    const instance = await DuckDBInstance.create(join(dir, 'bars.duckdb'), {
      memory_limit: MEMORY_LIMIT,
      temp_directory: dir,
      threads: '2',
      preserve_insertion_order: 'false',
    });
    const connection = await instance.connect();
    await connection.run(
      'create table bar (line integer, ticker varchar, sector varchar, date varchar, open double, high double, low double, close double, volume double)',
    );
    return new BarStaging(dir, instance, connection, await connection.createAppender('bar'));
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

  /** The groups of repeated rows, at most `limit`, by their first line. */
  async repeated(limit: number): Promise<RepeatedRows[]> {
    const reader = await this.#connection.runAndReadAll(
      `select ticker, date, list(line order by line) as lines, count(distinct (sector, ${VALUES})) = 1 as equal
       from bar group by ticker, date having count(*) > 1 order by min(line) limit ${limit}`,
    );
    return reader.getRowObjectsJS().map(({ ticker, date, lines, equal }) => ({
      ticker: String(ticker),
      date: String(date),
      lines: lines as number[],
      equal: Boolean(equal),
    }));
  }

  /** Leaves one of each group of equal rows, and none of those that contradict each other; returns what went. */
  async dropRepeated(): Promise<{ repeats: number; contradictions: number }> {
    const before = await this.count();
    await this.#connection.run(
      `delete from bar where (ticker, date) in (
         select (ticker, date) from bar group by ticker, date having count(distinct (sector, ${VALUES})) > 1)`,
    );
    const consistent = await this.count();
    await this.#connection.run(
      `delete from bar using (select ticker, date, min(line) as line from bar group by ticker, date having count(*) > 1) kept
       where bar.ticker = kept.ticker and bar.date = kept.date and bar.line > kept.line`,
    );
    return { contradictions: before - consistent, repeats: consistent - (await this.count()) };
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
    const result = await this.#connection.stream(`select ticker, sector, date, ${VALUES} from bar order by ticker, date`);
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
    const chunk = DuckDBDataChunk.create(TYPES, this.#chunk.length);
    chunk.setRows(this.#chunk);
    this.#appender.appendDataChunk(chunk);
    this.#chunk = [];
  }
}

function barOf(row: readonly unknown[]): Bar {
  const [ticker, sector, date, open, high, low, close, volume] = row as [string, string, string, ...number[]];
  return { ticker, sector, date, open: open!, high: high!, low: low!, close: close!, volume: volume! };
}
