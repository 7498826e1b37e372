import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFeatures } from '../models/features/build-features.ts';
import { writeParquet } from '../stores/tables/parquet.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars, sampleEvents } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { materialiseFeatures, readFeatures } from './feature-sets.ts';
import { adjusted, historyOf } from './histories.ts';
import { snapshotTicker } from './snapshots.ts';
import { vantageOf } from './vantages.ts';

let on: TestServices;
let context: TestContext;
let datasetKey: string;
beforeAll(async () => {
  on = await openServices();
  context = freshContext();
  const record = { id: 'a', source: 'a.csv', acceptedRows: 1, rejectedRows: 0, report: [] };
  // The whole history: splits and dividends of thirteen years.
  await on.services.bars.merge(context, record, [sampleBars('AAPL')], sampleEvents('AAPL'));
  datasetKey = (await snapshotTicker(on.services, context, 'AAPL', vantageOf(context))).key;
});
afterAll(() => on.close());

const bits = (values: Float64Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

it('what models learn from is bit for bit what online forecasts are made from', async () => {
  const { key, featureSet } = await materialiseFeatures(on.services, context, datasetKey);
  const offline = await readFeatures(on.services, context, 'AAPL', key);
  const online = buildFeatures(adjusted(await historyOf(on.services, context, 'AAPL', vantageOf(context))));
  expect(offline.dates).toEqual(online.dates);
  expect(offline).toMatchObject({ ticker: 'AAPL', featureSet, names: online.names });
  expect(offline.X.nRows * offline.X.nColumns).toBe(offline.X.values.length);
  expect(bits(offline.X.values).equals(bits(online.X.values))).toBe(true);
  expect(bits(offline.adjustedClose).equals(bits(online.adjustedClose))).toBe(true);
});

it('a matrix is written once per dataset and code', async () => {
  const first = await materialiseFeatures(on.services, context, datasetKey);
  const path = join(on.objectsDir, context.tenant, first.key);
  const before = readFileSync(path);
  expect(await materialiseFeatures(on.services, context, datasetKey)).toEqual(first);
  expect(readFileSync(path).equals(before)).toBe(true);
  const changed = await materialiseFeatures({ ...on.services, codeVersion: 'code-2' }, context, datasetKey);
  expect(changed.key).not.toBe(first.key);
});

it('a matrix that was damaged is computed again, to the same bytes', async () => {
  const { key } = await materialiseFeatures(on.services, context, datasetKey);
  const path = join(on.objectsDir, context.tenant, key);
  const whole = readFileSync(path);
  for (const damaged of [whole.subarray(0, whole.length / 2), Buffer.from('no Parquet'), Buffer.alloc(0)]) {
    writeFileSync(path, damaged);
    await expect(readFeatures(on.services, context, 'AAPL', key)).rejects.toThrow(`The object ${key} is damaged`);
    expect((await materialiseFeatures(on.services, context, datasetKey)).key).toBe(key);
    expect(readFileSync(path).equals(whole)).toBe(true);
  }
});

it('a matrix that lacks a column is damaged', async () => {
  const bytes = await writeParquet([{ name: 'date', type: 'date', values: ['2013-03-01'] }]);
  await on.services.objects.put(context, 'features/AAPL/other.parquet', bytes);
  await expect(readFeatures(on.services, context, 'AAPL', 'features/AAPL/other.parquet')).rejects.toMatchObject({
    code: 'OBJECT_DAMAGED',
  });
});
