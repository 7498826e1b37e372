import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type Column, readParquet, writeParquet } from './parquet.ts';

const double = (name: string, ...values: number[]): Column => ({
  name,
  type: 'double',
  values: Float64Array.from(values),
});

const read = (bytes: Uint8Array) => readParquet(bytes, 'features/table.parquet');

async function withDuckDb(
  query: (file: string) => string,
  bytes?: Uint8Array,
): Promise<{ rows: unknown; file: Uint8Array }> {
  const dir = mkdtempSync(join(tmpdir(), 'stockcast-parquet-test-'));
  const path = join(dir, 'table.parquet');
  try {
    if (bytes !== undefined) writeFileSync(path, bytes);
    const connection = await (await DuckDBInstance.create()).connect();
    const rows = (await connection.runAndReadAll(query(path))).getRowsJson();
    return { rows, file: readFileSync(path) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('a table as Parquet', () => {
  it('comes back column by column, to the last bit, in the order of its rows', async () => {
    const columns: Column[] = [
      { name: 'date', type: 'date', values: ['2013-03-01', '2000-02-29', '1970-01-01', '1969-12-31', '2099-12-31'] },
      double('open', 0.1 + 0.2, -0, 5e-324, 1.7976931348623157e308, 1 / 3),
      double('select', Number.NaN, Infinity, -Infinity, 0, -1),
      { name: 'sector', type: 'string', values: ['Technology', '', 'a "quoted", word', 'é 🙂', 'null'] },
    ];
    expect(await read(await writeParquet(columns))).toEqual(columns);
  });

  it('keeps the order of many rows', async () => {
    const nRows = 130_000;
    const values = Float64Array.from({ length: nRows }, (_, i) => (i * 7919) % nRows);
    const [column] = await read(await writeParquet([{ name: 'x', type: 'double', values }]));
    expect(column!.values).toEqual(values);
  });

  it('can be without rows', async () => {
    const columns: Column[] = [{ name: 'date', type: 'date', values: [] }, double('close')];
    expect(await read(await writeParquet(columns))).toEqual(columns);
  });

  it('has the same bytes each time, also when several are written at once', async () => {
    const columns = [
      double('a', ...Array.from({ length: 5000 }, (_, i) => Math.sin(i))),
      double('b', ...Array(5000).fill(1)),
    ];
    const files = await Promise.all([1, 2, 3, 4].map(() => writeParquet(columns)));
    for (const file of files) expect(Buffer.from(file).equals(files[0]!)).toBe(true);
  });

  it('can be read by others, with the types that its columns have', async () => {
    const bytes = await writeParquet([{ name: 'date', type: 'date', values: ['2013-03-01'] }, double('close', 430.47)]);
    const { rows } = await withDuckDb(
      (file) => `select date, typeof(date), close, typeof(close) from '${file}'`,
      bytes,
    );
    expect(rows).toEqual([['2013-03-01', 'DATE', 430.47, 'DOUBLE']]);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a text', new TextEncoder().encode('date,close\n2013-03-01,430.47\n')],
  ])('is not read from %s', async (_, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' });
  });

  it('names the object that cannot be read', async () => {
    await expect(readParquet(new Uint8Array(), 'features/AAPL/x.parquet')).rejects.toThrow(
      'The object features/AAPL/x.parquet is damaged',
    );
  });

  it('is read and written again after DuckDB could not be started once', async () => {
    vi.resetModules();
    const fresh = await import('./parquet.ts');
    const create = vi.spyOn(DuckDBInstance, 'create').mockRejectedValueOnce(new Error('no memory'));
    try {
      const columns = [double('close', 1, 2)];
      await expect(fresh.writeParquet(columns)).rejects.toThrow('no memory');
      expect(await fresh.readParquet(await fresh.writeParquet(columns), 'x')).toEqual(columns);
    } finally {
      create.mockRestore();
    }
  });

  it('is not read from half a file, or one with a byte changed', async () => {
    const bytes = await writeParquet([double('close', ...Array.from({ length: 1000 }, Math.random))]);
    await expect(read(bytes.slice(0, bytes.length / 2))).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' });
    const changed = Uint8Array.from(bytes);
    changed[changed.length - 8] = changed[changed.length - 8]! ^ 0xff;
    await expect(read(changed)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' });
  });

  it.each([
    ['an empty cell', 'select null::double as close'],
    ['a column of another type', 'select 1::bigint as close'],
  ])('is not read with %s', async (_, query) => {
    const { file } = await withDuckDb((path) => `copy (${query}) to '${path}' (format parquet)`);
    await expect(read(file)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED', message: /the column close/ });
  });

  it('is not written with columns of different lengths, or with a name that is none', async () => {
    await expect(writeParquet([double('a', 1, 2), double('b', 1)])).rejects.toThrow('b has 1 values, a 2');
    await expect(writeParquet([double('a"b', 1)])).rejects.toThrow('not a column name');
  });
});

it('keeps nothing of the files that it has read', async () => {
  vi.resetModules();
  const opened = vi.spyOn(DuckDBInstance, 'create');
  try {
    const fresh = await import('./parquet.ts');
    const bytes = await fresh.writeParquet([{ name: 'close', type: 'double', values: Float64Array.of(1, 2) }]);
    await fresh.readParquet(bytes, 'a');
    const instance = (await opened.mock.results[0]!.value) as DuckDBInstance;
    const connection = await instance.connect();
    const held = await connection.runAndReadAll('select * from duckdb_external_file_cache()');
    expect(held.getRowObjects()).toEqual([]);
    connection.closeSync();
  } finally {
    opened.mockRestore();
  }
});
