import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Context, systemClock } from '../domain/context.ts';
import { contentHash } from '../domain/identity.ts';
import { POOL } from '../domain/model-version.ts';
import { freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { runTypeScript } from '../tests/support/run-typescript.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { materialiseFeatures } from './feature-sets.ts';
import { forecast } from './forecasting.ts';
import { type GarbageRequest, collectGarbage } from './garbage.ts';
import * as objectKeys from './object-keys.ts';
import { drawPictures } from './pictures.ts';
import { referencedKeys } from './references.ts';
import { snapshotTicker } from './snapshots.ts';
import { vantageOf } from './vantages.ts';

const HASH = 'f'.repeat(64);
const REQUEST: GarbageRequest = { olderThanDays: 30, remove: true };
/** One key of every builder, of what no row points to. */
const ORPHANS: Readonly<Record<Exclude<keyof typeof objectKeys, 'OBJECT_KINDS'>, string>> = {
  datasetBarsKey: objectKeys.datasetBarsKey('MSFT', HASH),
  datasetManifestKey: objectKeys.datasetManifestKey('GONE', HASH),
  featuresKey: objectKeys.featuresKey('MSFT', HASH, 'basic-1', 'code-1'),
  modelKey: objectKeys.modelKey('MSFT', HASH),
  walkForwardKey: objectKeys.walkForwardKey('MSFT', HASH),
  checkpointKey: objectKeys.checkpointKey('MSFT', HASH),
  certificateKey: objectKeys.certificateKey(HASH),
  pictureKey: objectKeys.pictureKey('MSFT', HASH, 'error'),
};
const orphans = Object.values(ORPHANS).sort();

let on: TestServices;
let context: Context;
beforeAll(async () => {
  on = await openServices();
  context = { ...freshContext(), clock: systemClock };
  const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  const bars = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01');
  await on.services.bars.merge(context, record, [bars], []);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: ['naive', 'drift', 'linear'] });
  const ids: string[] = [];
  for await (const { id } of on.services.registry.references(context)) ids.push(id);
  await drawPictures(on.services, context, ids);
  await forecast(on.services, context, { ticker: 'MSFT', horizon: 10 });
});
afterAll(() => on.close());

async function keysThere(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of on.services.objects.list(context, '')) keys.push(key);
  return keys;
}

async function plant(keys: readonly string[], text = 'left behind'): Promise<void> {
  for (const key of keys) await on.services.objects.put(context, key, new TextEncoder().encode(text));
}

/** Has everything that is there look as if it was written so many days ago. */
async function age(days: number, keys?: readonly string[]): Promise<void> {
  const then = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
  for (const key of keys ?? (await keysThere())) utimesSync(join(on.objectsDir, context.tenant, key), then, then);
}

describe.sequential('the garbage of the object store', () => {
  it('is told from what rows point to for every kind of key there is', async () => {
    const builders = Object.entries(objectKeys).filter(([, value]) => typeof value === 'function');
    // Whoever adds a key says here what an orphan of it is, and in `referencedKeys` which rows point to it.
    expect(Object.keys(ORPHANS).sort()).toEqual(builders.map(([name]) => name).sort());
    const kinds = new Set(orphans.map((key) => key.split('/')[0]));
    expect([...kinds].sort()).toEqual([...objectKeys.OBJECT_KINDS]);
  });

  it('is nothing that a trained, promoted, drawn and forecast ticker has', async () => {
    const there = await keysThere();
    // What was computed to the end has no checkpoint.
    const kinds = objectKeys.OBJECT_KINDS.filter((kind) => kind !== 'checkpoints');
    expect(new Set(there.map((key) => key.split('/')[0]))).toEqual(new Set(kinds));
    const { keys } = await referencedKeys(on.services, context);
    expect(there.filter((key) => !keys.has(key))).toEqual([]);
    await age(1000);
    const report = await collectGarbage(on.services, context, REQUEST);
    expect(report).toMatchObject({ garbage: { objects: 0, bytes: 0, oldest: null, by_kind: [] }, removed: true });
    expect(report.kept.referenced.objects).toBe(there.length);
    expect(await keysThere()).toEqual(there);
  });

  it('is told before it is removed, and young orphans, unknown kinds and other tenants’ objects stay', async () => {
    const whole = await keysThere();
    const young = [objectKeys.modelKey('MSFT', 'e'.repeat(64))];
    const unknown = ['lineage/MSFT.json', 'loose'];
    const other = freshContext();
    await on.services.objects.put(other, orphans[0]!, Uint8Array.of(1));
    await plant([...orphans, ...young, ...unknown]);
    await age(31, [...orphans, ...unknown]);
    await age(29, young);
    const before = await keysThere();

    const told = await collectGarbage(on.services, context, { ...REQUEST, remove: false });
    expect(await keysThere()).toEqual(before);
    expect(told.removed).toBe(false);
    expect(told.garbage).toMatchObject({ objects: orphans.length, bytes: orphans.length * 11, keys: orphans });
    expect(told.garbage.oldest!.slice(0, 10)).toBe(new Date(Date.now() - 31 * 86_400_000).toISOString().slice(0, 10));
    expect(told.garbage.by_kind.map(({ kind, objects }) => [kind, objects])).toEqual(
      objectKeys.OBJECT_KINDS.map((kind) => [kind, kind === 'datasets' ? 2 : 1]),
    );
    expect(told.kept).toMatchObject({
      referenced: { objects: whole.length },
      young: { objects: 1, bytes: 11 },
      unknown: { objects: 2 },
    });

    const removed = await collectGarbage(on.services, context, REQUEST);
    expect(removed).toEqual({ ...told, removed: true });
    expect(await keysThere()).toEqual([...whole, ...young, ...unknown].sort());
    expect(await on.services.objects.exists(other, orphans[0]!)).toBe(true);
    expect((await collectGarbage(on.services, context, REQUEST)).garbage.objects).toBe(0);
    for (const key of [...young, ...unknown]) await on.services.objects.remove(context, key);
  });

  it('is no earlier certificate of a registered model', async () => {
    const [promotion] = await on.services.ledger.serving(context);
    const earlier = objectKeys.certificateKey('1'.repeat(64));
    const ofNone = objectKeys.certificateKey('2'.repeat(64));
    await plant([earlier], JSON.stringify({ modelId: promotion!.modelId }));
    await plant([ofNone], JSON.stringify({ modelId: HASH }));
    await age(100, [earlier, ofNone]);
    const { garbage } = await collectGarbage(on.services, context, REQUEST);
    expect(garbage.keys).toEqual([ofNone]);
    expect(await on.services.objects.exists(context, earlier)).toBe(true);
    await on.services.objects.remove(context, earlier);
  });

  it('is nothing that a pooled model rests on, nor those who adopted it', async () => {
    const own = { ...freshContext(), clock: systemClock };
    const panel = ['A', 'B'].map((ticker) => ({ ticker, datasetId: contentHash([ticker]) }));
    const some = {
      ...(await on.services.registry.newest(context, 'MSFT', 10, 'linear'))!,
      kind: 'pooled-linear',
      panel,
      objectKey: objectKeys.modelKey(POOL, 'pooled'),
    };
    await on.services.registry.register(own, { ...some, id: 'pooled', ticker: POOL, datasetId: contentHash(panel) });
    await on.services.registry.register(own, { ...some, id: 'adopted', ticker: 'A', datasetId: panel[0]!.datasetId });
    const { keys } = await referencedKeys(on.services, own);
    for (const { ticker, datasetId } of panel) {
      expect(keys.has(objectKeys.datasetManifestKey(ticker, datasetId))).toBe(true);
      expect(keys.has(objectKeys.datasetBarsKey(ticker, datasetId))).toBe(true);
      expect(keys.has(objectKeys.featuresKey(ticker, datasetId, some.featureSet, some.codeVersion))).toBe(true);
      expect(keys.has(objectKeys.walkForwardKey(ticker, 'pooled'))).toBe(true);
    }
    expect(keys.has(objectKeys.modelKey(POOL, 'pooled'))).toBe(true);
    expect(keys.has(objectKeys.walkForwardKey('A', 'adopted'))).toBe(true);
    expect(keys.has(objectKeys.walkForwardKey('B', 'adopted'))).toBe(false);
  });

  it('is not what a run has come to point to, or has written again, since it was listed', async () => {
    const late = objectKeys.certificateKey('3'.repeat(64));
    const again = objectKeys.modelKey('MSFT', '4'.repeat(64));
    await plant([late, again]);
    await age(100, [late, again]);
    const { objects } = on.services;
    // Between listing and removal, as another process would.
    const meanwhile = new Proxy(objects, {
      get(target, name) {
        if (name !== 'list') return Reflect.get(target, name).bind(target) as unknown;
        return async function* (asked: Context, prefix: string) {
          yield* target.list(asked, prefix);
          if (prefix !== '') return;
          await plant([again], 'anew');
          const model = await on.services.registry.newest(context, 'MSFT', 10, 'drift');
          await on.services.registry.recordCertificate(context, model!.id, { id: '3'.repeat(64), passed: false });
        };
      },
    });
    const report = await collectGarbage({ ...on.services, objects: meanwhile }, context, REQUEST);
    expect(report.garbage.objects).toBe(0);
    expect(report.kept.young.objects).toBe(1);
    expect(await objects.exists(context, late)).toBe(true);
    expect(new TextDecoder().decode(await objects.get(context, again))).toBe('anew');
    await objects.remove(context, again);
  });

  it('is not what a run uses again: that counts as written anew', async () => {
    const own = { ...freshContext(), clock: systemClock };
    const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
    await on.services.bars.merge(own, record, [sampleBars('IBM').slice(-100)], []);
    const inHand = async () => {
      const { key, manifest } = await snapshotTicker(on.services, own, 'IBM', vantageOf(own));
      return [key, manifest.barsKey, (await materialiseFeatures(on.services, own, key)).key];
    };
    const keys = await inHand();
    const then = new Date(Date.now() - 40 * 24 * 60 * 60 * 1000);
    const allOld = () => {
      for (const key of keys) utimesSync(join(on.objectsDir, own.tenant, key), then, then);
    };
    allOld();
    expect(await inHand()).toEqual(keys);
    expect((await collectGarbage(on.services, own, REQUEST)).garbage.keys).toEqual([]);
    allOld();
    expect((await collectGarbage(on.services, own, REQUEST)).garbage.keys).toEqual([...keys].sort());
  });

  it('is removed by the next try when one was killed or called off midway', async () => {
    const whole = await keysThere();
    const many = Array.from({ length: 1800 }, (_, i) => objectKeys.modelKey(`T${i % 7}`, contentHash([i])));
    // Puts wait for the disk, each of them.
    for (const key of many) {
      const path = join(on.objectsDir, context.tenant, key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'left behind');
    }
    await age(100, many);
    const left = async () => (await keysThere()).length - whole.length;

    const child = runTypeScript(`
      import { collectGarbage } from './serving/garbage.ts';
      import { createServices } from './serving/services.ts';
      import { openStores } from './stores/open-stores.ts';
      const database = { url: ${JSON.stringify(on.databaseUrl)}, poolSize: 2, statementTimeoutMs: 30000 };
      const services = createServices(openStores({ database, objectsDir: ${JSON.stringify(on.objectsDir)} }), 'code-1');
      const context = { tenant: '${context.tenant}', principal: 'tester', clock: { now: () => new Date() } };
      await collectGarbage(services, context, {
        olderThanDays: 30, remove: true, onProgress: ({ objects }) => console.log('removed ' + objects),
      });`);
    expect(await child.line()).toMatch(/^removed \d+$/);
    await child.kill();
    const afterKill = await left();
    expect(afterKill).toBeGreaterThan(0);
    expect(afterKill).toBeLessThan(many.length);

    const stopping = new AbortController();
    const stopped = collectGarbage(on.services, context, {
      ...REQUEST,
      signal: stopping.signal,
      onProgress: () => stopping.abort(new Error('called off')),
    });
    if (afterKill > 500) await expect(stopped).rejects.toThrow('called off');
    else await stopped;

    await collectGarbage(on.services, context, REQUEST);
    expect(await keysThere()).toEqual(whole);
  });

  it('cannot be told when a row names a model that is not registered', async () => {
    const own = { ...freshContext(), clock: systemClock };
    const [promotion] = await on.services.ledger.serving(context);
    await on.services.ledger.enter(own, promotion!);
    const key = orphans[0]!;
    await on.services.objects.put(own, key, Uint8Array.of(1));
    utimesSync(join(on.objectsDir, own.tenant, key), new Date(0), new Date(0));
    await expect(collectGarbage(on.services, own, REQUEST)).rejects.toMatchObject({ code: 'REFERENCES_UNKNOWN' });
    expect(await on.services.objects.exists(own, key)).toBe(true);
  });

  it('is never what was written today', async () => {
    await expect(collectGarbage(on.services, context, { ...REQUEST, olderThanDays: 0 })).rejects.toThrow(RangeError);
  });
});
