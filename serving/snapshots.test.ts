import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshContext } from '../tests/contract/backend.ts';
import { sampleBars, sampleEvents } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { readManifest, readSnapshot, snapshotTicker } from './snapshots.ts';
import { vantageOf } from './vantages.ts';

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

const record = (id: string) => ({ id, source: `${id}.csv`, acceptedRows: 300, rejectedRows: 2, report: [] });
const bars = sampleBars('AAPL').slice(-300);
const events = sampleEvents('AAPL').filter(({ date }) => date >= bars[0]!.date);

async function known(nRows = bars.length) {
  const context = freshContext();
  await on.services.bars.merge(context, record('prices'), [bars.slice(-nRows)], events);
  return context;
}
const snapshot = (context: Awaited<ReturnType<typeof known>>, asOf?: string) =>
  snapshotTicker(on.services, context, 'AAPL', vantageOf(context, asOf));
const files = (tenant: string) =>
  readdirSync(join(on.objectsDir, tenant), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('a snapshot', () => {
  it('reads back as what was known, and says where it came from', async () => {
    const context = await known();
    const { key, manifest } = await snapshot(context);
    expect(events.length).toBeGreaterThan(0);
    expect(manifest).toMatchObject({
      ticker: 'AAPL',
      rows: 300,
      firstSession: bars[0]!.date,
      lastSession: bars.at(-1)!.date,
      adjustments: events,
      sources: [{ source: 'prices.csv', acceptedRows: 300, rejectedRows: 2 }],
    });
    const { series, events: read } = await readSnapshot(on.services, context, key);
    expect(series).toEqual(await on.services.bars.series(context, 'AAPL', vantageOf(context)));
    expect(read).toEqual(events);
    expect(await readManifest(on.services, context, key)).toEqual(manifest);
  });

  it('of the same knowledge is the same dataset, written once', async () => {
    const context = await known();
    const first = await snapshot(context);
    const written = files(context.tenant);
    expect(written).toHaveLength(2);
    const contents = written.map((path) => readFileSync(path));
    await on.services.bars.merge(context.at('2013-04-01T12:00:00.000Z'), record('again'), [bars], events);
    expect(await snapshot(context)).toEqual(first);
    expect(files(context.tenant)).toEqual(written);
    expect(written.every((path, i) => readFileSync(path).equals(contents[i]!))).toBe(true);
  });

  it('of other knowledge is another dataset, and the earlier one stays', async () => {
    const context = await known();
    const first = await snapshot(context);
    const restated = { ...bars[10]!, volume: 1 };
    await on.services.bars.merge(context.at('2013-04-01T12:00:00.000Z'), record('b'), [[restated]], []);
    const second = await snapshot(context);
    expect(second.manifest.id).not.toBe(first.manifest.id);
    expect(files(context.tenant)).toHaveLength(4);
    expect((await readSnapshot(on.services, context, first.key)).series.volume[10]).toBe(bars[10]!.volume);
    // Seen from a day before the restatement was learnt, it is the first again.
    expect(await snapshot(context, '2013-03-28')).toEqual(first);
  });

  it('is not given out when its rows were changed or its object damaged', async () => {
    const context = await known();
    const { key, manifest } = await snapshot(context);
    const damaged = { code: 'OBJECT_DAMAGED' };
    const path = join(on.objectsDir, context.tenant, manifest.barsKey);

    const other = await known(200);
    const shorter = await snapshot(other);
    const otherRows = readFileSync(join(on.objectsDir, other.tenant, shorter.manifest.barsKey));
    const whole = readFileSync(path);
    writeFileSync(path, otherRows);
    await expect(readSnapshot(on.services, context, key)).rejects.toMatchObject(damaged);
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await expect(readSnapshot(on.services, context, key)).rejects.toMatchObject(damaged);
    writeFileSync(path, whole);
    await expect(readSnapshot(on.services, context, key)).resolves.toBeDefined();

    writeFileSync(join(on.objectsDir, context.tenant, key), '{"id":');
    await expect(readSnapshot(on.services, context, key)).rejects.toMatchObject(damaged);
  });

  it('whose objects were lost or damaged is written again from what is known', async () => {
    const context = await known();
    const { key, manifest } = await snapshot(context);
    const [rows, record] = [manifest.barsKey, key].map((name) => join(on.objectsDir, context.tenant, name));
    const whole = readFileSync(rows!);
    for (const damage of [
      () => writeFileSync(rows!, whole.subarray(0, whole.length / 2)),
      () => rmSync(rows!),
      () => writeFileSync(record!, '{"id":'),
      () => writeFileSync(record!, '{}'),
      () => writeFileSync(record!, JSON.stringify({ ...manifest, id: 'another' })),
    ]) {
      damage();
      expect(await snapshot(context)).toEqual({ key, manifest });
      expect(readFileSync(rows!).equals(whole)).toBe(true);
      expect(await readManifest(on.services, context, key)).toEqual(manifest);
      await expect(readSnapshot(on.services, context, key)).resolves.toBeDefined();
    }
  });

  it('needs 60 sessions', async () => {
    await expect(snapshot(await known(59))).rejects.toThrow('AAPL has 59 sessions, at least 60 are needed');
    await expect(snapshot(await known(60))).resolves.toMatchObject({ manifest: { rows: 60 } });
    await expect(snapshot(freshContext())).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
  });
});
