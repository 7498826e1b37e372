import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { StockcastError } from '../../domain/errors.ts';

/** A column of a table; every column has the same length. Dates are `YYYY-MM-DD`. */
export type Column =
  | { readonly name: string; readonly type: 'double'; readonly values: Float64Array }
  | { readonly name: string; readonly type: 'string' | 'date'; readonly values: readonly string[] };

/** How the names of the folders of files under way begin, below the system's temporary folder. */
export const PARQUET_FOLDER = 'stockcast-parquet-';

const CHUNK_ROWS = 2048;
const NAME = /^[a-z][a-z0-9_]*$/;

const SETTINGS = {
  threads: '2',
  memory_limit: '512MB',
  // It would keep the bytes of every file up to that limit, and each is read once.
  enable_external_file_cache: 'false',
};

/** Loaded by the first table, since most processes never have one. */
const duckDb = () => import('@duckdb/node-api');

let instance: Promise<DuckDBInstance> | undefined;

/** Writes columns as a Parquet file, rows in the order given. Equal columns give equal bytes on one build of DuckDB. */
export async function writeParquet(columns: readonly Column[]): Promise<Uint8Array> {
  const nRows = columns[0]?.values.length ?? 0;
  for (const { name, values } of columns) {
    if (!NAME.test(name)) throw new RangeError(`not a column name: ${JSON.stringify(name)}`);
    if (values.length !== nRows)
      throw new RangeError(`${name} has ${values.length} values, ${columns[0]!.name} ${nRows}`);
  }
  const { DOUBLE, DuckDBDataChunk, VARCHAR } = await duckDb();
  return inTemporaryFile(async (connection, path) => {
    const fields = columns.map(({ name, type }) => `"${name}" ${type === 'double' ? 'double' : 'varchar'}`);
    await connection.run(`create temp table rows (${fields.join(', ')})`);
    const appender = await connection.createAppender('rows');
    const types = columns.map(({ type }) => (type === 'double' ? DOUBLE : VARCHAR));
    for (let from = 0; from < nRows; from += CHUNK_ROWS) {
      const to = Math.min(nRows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types, to - from);
      columns.forEach(({ values }, i) => chunk.setColumnValues(i, [...values.slice(from, to)]));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    const selected = columns.map(({ name, type }) => (type === 'date' ? `"${name}"::date as "${name}"` : `"${name}"`));
    await connection.run(`copy (select ${selected.join(', ')} from rows) to ${quoted(path)} (format parquet)`);
    return readFile(path);
  });
}

/**
 * Reads the columns of the Parquet file that is kept under `key`, rows in the order that they were written.
 * @throws StockcastError OBJECT_DAMAGED when the bytes are not a Parquet file, or not one of `writeParquet`
 */
export async function readParquet(bytes: Uint8Array, key: string): Promise<Column[]> {
  return inTemporaryFile(async (connection, path) => {
    await writeFile(path, bytes);
    try {
      const reader = await connection.runAndReadAll(`select * from read_parquet(${quoted(path)})`);
      const names = reader.columnNames();
      const types = reader.columnTypes().map(String);
      const columns = reader.getColumnsJS();
      // Without rows there are no columns of values either.
      return names.map((name, i) => columnOf(name, types[i]!, columns[i] ?? []));
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message.replaceAll(path, 'it') : String(cause);
      throw new StockcastError('OBJECT_DAMAGED', { key, problem }, { cause });
    }
  });
}

function columnOf(name: string, type: string, values: readonly unknown[]): Column {
  if (values.includes(null)) throw new RangeError(`the column ${name} has empty cells`);
  switch (type) {
    case 'DOUBLE':
      return { name, type: 'double', values: Float64Array.from(values as number[]) };
    case 'DATE':
      return { name, type: 'date', values: (values as Date[]).map((date) => date.toISOString().slice(0, 10)) };
    case 'VARCHAR':
      return { name, type: 'string', values: values as string[] };
    default:
      throw new RangeError(`the column ${name} is of type ${type}`);
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

async function inTemporaryFile<T>(body: (connection: DuckDBConnection, path: string) => Promise<T>): Promise<T> {
  instance ??= duckDb()
    .then(({ DuckDBInstance }) => DuckDBInstance.create(':memory:', SETTINGS))
    .catch((error: unknown) => {
      // The next call tries again.
      instance = undefined;
      throw error;
    });
  const connection = await (await instance).connect();
  const dir = await mkdtemp(join(tmpdir(), PARQUET_FOLDER));
  try {
    return await body(connection, join(dir, 'table.parquet'));
  } finally {
    connection.closeSync();
    await rm(dir, { recursive: true, force: true });
  }
}
