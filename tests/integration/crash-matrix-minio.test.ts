import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock } from '../../domain/context.ts';
import { collectGarbage } from '../../serving/garbage.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { connectS3 } from '../../stores/objects/s3-connection.ts';
import { openStores } from '../../stores/open-stores.ts';
import type { CrashJob } from '../support/crash/child.ts';
import { CrashChildren } from '../support/crash/crash-children.ts';
import { CODE_VERSION, CONTEXT, LARGE_BYTES, LARGE_KEY, LARGE_PUT, WRITES } from '../support/crash/writes.ts';
import { MAKING_MS, TestMinio } from '../support/minio.ts';
import { freshDatabase } from '../support/postgres.ts';

const LONG_AFTER = { ...CONTEXT, clock: fixedClock('2100-01-01T00:00:00.000Z') };

// The rest of the matrix lies on a folder; here is what differs with a server of objects.
describe('a process killed in the middle of a write to MinIO', { timeout: 180_000 }, () => {
  let minio: TestMinio;
  let server: Client;
  let children: CrashChildren<CrashJob>;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let stores: ReturnType<typeof openStores>;
  let services: Services;
  const objectsDir = mkdtempSync(join(tmpdir(), 'stockcast-unused-'));

  beforeAll(async () => {
    [minio, children, database] = await Promise.all([
      TestMinio.start(),
      CrashChildren.create<CrashJob>(1, 'child.ts'),
      freshDatabase(),
    ]);
    server = (await connectS3(minio.address)).client;
    const at = { url: database.url, poolSize: 3, statementTimeoutMs: 30_000 };
    stores = openStores({ database: at, objectsDir, s3: minio.address });
    services = createServices(stores, CODE_VERSION);
    for (const name of ['upload', 'upload with restatements', 'snapshot', 'features'])
      await writeNamed(name).run(services);
  }, MAKING_MS);
  afterAll(async () => {
    await children?.close();
    await stores?.close();
    await database?.drop();
    await minio?.remove();
    rmSync(objectsDir, { recursive: true, force: true });
  });

  const writeNamed = (name: string) => WRITES.find((write) => write.name === name)!;
  const kill = (write: string, killAt: string) =>
    children.run({ write, databaseUrl: database.url, objectsDir, s3: minio.address, killAt });
  // Datasets are garbage, too, as long as no model rests on them.
  const collect = async () => {
    const { garbage, kept } = await collectGarbage(services, LONG_AFTER, { olderThanDays: 1, remove: true });
    expect([kept.young.objects, kept.unknown.objects]).toEqual([0, 0]);
    return garbage.keys.filter((key) => key.startsWith('models/'));
  };
  const models = () => services.registry.standings(CONTEXT, 'AAPL', 1);

  it.each(LARGE_PUT.killedAt)('shows nothing of an object that is put in parts, killed at %s', async (point) => {
    expect(await kill(LARGE_PUT.name, point)).toBe('SIGKILL');
    expect(await services.objects.exists(CONTEXT, LARGE_KEY)).toBe(false);
    await expect(services.objects.get(CONTEXT, LARGE_KEY)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    // The server keeps what was sent of it for a day (S3 by the bucket's rule, MinIO by its own) and shows it to nobody.
    const { bucket } = minio.address;
    const unfinished = await server.listIncompleteUploads(bucket, `${CONTEXT.tenant}/${LARGE_KEY}`, true).toArray();
    expect(unfinished.length).toBeGreaterThan(0);
    await LARGE_PUT.run(services);
    expect(Buffer.compare(await services.objects.get(CONTEXT, LARGE_KEY), LARGE_BYTES())).toBe(0);
    // No row points to it.
    expect(await collect()).toEqual([LARGE_KEY]);
    expect(await services.objects.exists(CONTEXT, LARGE_KEY)).toBe(false);
  });

  it.each(['insert model', 'commit'])(
    'leaves a model that no row names to the collector, killed at %s',
    async (point) => {
      expect(await kill('training', point)).toBe('SIGKILL');
      expect(await models()).toEqual([]);
      expect(await collect()).toEqual([expect.stringMatching(/^models\/AAPL\/[0-9a-f]{64}\.json$/)]);
    },
  );

  it('has model and row when it is killed after the row is in force, and the rest when it is done again', async () => {
    expect(await kill('training', 'insert model#2')).toBe('SIGKILL');
    const [first, ...more] = await models();
    expect(more).toEqual([]);
    const { objectKey } = (await services.registry.find(CONTEXT, first!.id))!;
    expect((await services.objects.get(CONTEXT, objectKey)).length).toBeGreaterThan(0);
    await writeNamed('training').run(services);
    expect((await models()).map(({ kind, version }) => [kind, version])).toEqual([
      ['linear', 1],
      ['naive', 1],
    ]);
    expect(await collect()).toEqual([]);
  });
});
