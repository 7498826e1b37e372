import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from 'minio';
import { connectS3 } from '../../stores/objects/s3-connection.ts';
import { S3ObjectStore } from '../../stores/objects/s3-object-store.ts';
import { MAKING_MS, TestMinio } from '../support/minio.ts';
import { troubledLine } from '../support/troubled-line.ts';
import { freshContext } from './backend.ts';
import { objectStoreContract } from './object-store.contract.ts';

let minio: TestMinio;
/** Another client of the same server. */
let other: Client;
const opened: S3ObjectStore[] = [];
const bytes = (text: string) => new TextEncoder().encode(text);

beforeAll(async () => {
  minio = await TestMinio.start();
  other = (await connectS3(minio.address)).client;
}, MAKING_MS);
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await minio?.remove();
});

function connect(changes: Partial<TestMinio['address']> = {}): S3ObjectStore {
  const store = new S3ObjectStore({ ...minio.address, ...changes });
  opened.push(store);
  return store;
}

objectStoreContract('MinIO', async () => ({ connect: () => connect(), close: async () => {} }));

describe('the object store on MinIO', () => {
  it('makes its bucket, which keeps versions, once for all who come at the same time', async () => {
    const bucket = 'made-at-first-use';
    const context = freshContext();
    const stores = Array.from({ length: 4 }, () => connect({ bucket }));
    await Promise.all(stores.map((store, i) => store.put(context, `of/${i}`, bytes('x'))));
    expect(await other.getBucketVersioning(bucket)).toMatchObject({ Status: 'Enabled' });
    expect(await other.getBucketLifecycle(bucket)).toMatchObject({
      Rule: { Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
    });
    await stores[0]!.put(context, 'of/0', bytes('another'));
    await stores[0]!.remove(context, 'of/0');
    expect(await versions(bucket, `${context.tenant}/of/0`)).toEqual(['another', 'removed', 'x']);
    await stores[0]!.remove(context, 'of/0');
    expect(await versions(bucket, `${context.tenant}/of/0`)).toHaveLength(3);
  });

  it('turns versions on in a bucket that somebody else has made, and leaves the rest of it alone', async () => {
    await other.makeBucket('made-by-hand', 'us-east-1');
    await connect({ bucket: 'made-by-hand' }).ping();
    expect(await other.getBucketVersioning('made-by-hand')).toMatchObject({ Status: 'Enabled' });
    await expect(other.getBucketLifecycle('made-by-hand')).rejects.toMatchObject({
      code: 'NoSuchLifecycleConfiguration',
    });
  });

  it.each([
    ['an access key that nobody has', { accessKey: 'nobody' }],
    ['another secret key', { secretKey: 'not-the-secret' }],
  ])('says so at once when it is given %s, without telling the secret', async (_, wrong) => {
    const line = await troubledLine(minio.address.endpoint);
    const store = connect({ ...wrong, endpoint: line.url });
    const context = freshContext();
    for (const call of [
      () => store.ping(),
      () => store.put(context, 'key', bytes('x')),
      () => store.get(context, 'key'),
      () => store.exists(context, 'key'),
      () => store.remove(context, 'key'),
      () => store.list(context, '')[Symbol.asyncIterator]().next(),
    ]) {
      const failure = await call().then(
        () => undefined,
        (error: Error) => error,
      );
      expect(failure).toMatchObject({ code: 'OBJECTS_REFUSED', retryable: false });
      expect(failure!.message).toContain(line.url);
      expect(failure!.message).toContain('S3_ACCESS_KEY');
      expect(failure!.message).not.toContain({ ...minio.address, ...wrong }.secretKey);
    }
    // One connection each: a refusal is not tried again.
    expect(line.connections()).toBe(6);
    await line.close();
  });

  it('tries again what a broken line has cost, in both directions and in one of many parts', async () => {
    const line = await troubledLine(minio.address.endpoint);
    const store = connect({ endpoint: line.url });
    const context = freshContext();
    const [small, large] = [Buffer.alloc(5_000_000, 1), Buffer.alloc(30_000_000, 2)];
    await store.ping();
    for (const content of [small, large]) {
      line.cut(2, 1_000_000);
      await store.put(context, 'key', content);
      line.cut(2, 1_000_000);
      expect(content.equals(await store.get(context, 'key'))).toBe(true);
    }
    line.cut(1, 0);
    expect(await store.exists(context, 'key')).toBe(true);
    await line.close();
  });

  it('says that the server is away, and works again when it is back', async () => {
    const own = await TestMinio.start();
    const store = new S3ObjectStore(own.address);
    const context = freshContext();
    await store.put(context, 'key', bytes('kept'));
    await own.kill();
    for (const call of [
      () => store.ping(),
      () => store.get(context, 'key'),
      () => store.put(context, 'x', bytes('x')),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: 'OBJECTS_UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(own.address.endpoint),
      });
    }
    await own.start();
    expect(Buffer.from(await store.get(context, 'key')).toString()).toBe('kept');
    await store.close();
    await own.remove();
  });

  it.each([
    ['in one piece', 12_000_000],
    ['in parts', 60_000_000],
  ])('shows the old object or the new one when the server is killed while one is put %s', async (_, size) => {
    const own = await TestMinio.start();
    const line = await troubledLine(own.address.endpoint);
    const store = new S3ObjectStore({ ...own.address, endpoint: line.url });
    const context = freshContext();
    let old = Buffer.alloc(size - 1, 1);
    await store.put(context, 'key', old);
    for (const share of [0.2, 0.6, 0.95]) {
      const fresh = Buffer.alloc(size, 100 * share);
      const before = line.sent();
      const put = store.put(context, 'key', fresh).then(
        () => 'put',
        (error: { code: string }) => error.code,
      );
      await vi.waitUntil(() => line.sent() - before > share * size, { timeout: 50_000, interval: 1 });
      await own.kill();
      const outcome = await put;
      await own.start();
      const seen = Buffer.from(await store.get(context, 'key'));
      expect(seen.equals(fresh) || (outcome !== 'put' && seen.equals(old))).toBe(true);
      old = seen;
    }
    await store.put(context, 'key', bytes('whole again'));
    expect(Buffer.from(await store.get(context, 'key')).toString()).toBe('whole again');
    await Promise.all([store.close(), line.close()]);
    await own.remove();
  });

  it('believes no bytes but those that were put', async () => {
    const { bucket } = minio.address;
    const store = connect();
    const context = freshContext();
    const name = `${context.tenant}/key`;
    await store.put(context, 'key', bytes('as it was put'));
    const { metaData } = await other.statObject(bucket, name);
    await other.putObject(bucket, name, 'as it was PUT', undefined, metaData as Record<string, string>);
    await expect(store.get(context, 'key')).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
      details: { key: 'key', problem: expect.stringContaining('SHA-256') },
    });
    await other.putObject(bucket, name, 'as it was put');
    await expect(store.get(context, 'key')).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
      details: { problem: expect.stringContaining('no checksum') },
    });
  });

  it('notices bytes that have changed on the disk of the server', async () => {
    const store = connect();
    const context = freshContext();
    await store.put(context, 'key', Buffer.alloc(3_000_000, 7));
    const folder = join(minio.dir, minio.address.bucket, context.tenant, 'key');
    const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('part.1'));
    const content = readFileSync(join(folder, file!));
    content[2_000_000]! ^= 1;
    writeFileSync(join(folder, file!), content);
    await expect(store.get(context, 'key')).rejects.toMatchObject({
      code: expect.stringMatching(/^(OBJECT_DAMAGED|OBJECTS_UNAVAILABLE)$/),
    });
  });

  it('gives links by which anybody can download an object, and nothing else', async () => {
    const store = connect();
    const context = freshContext();
    await store.put(context, 'models/BRK.B/%5E.json', bytes('{}'));
    const link = await store.link(context, 'models/BRK.B/%5E.json', 60);
    const answer = await fetch(link);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['application/json', '{}']);
    expect(new URL(link).searchParams.get('X-Amz-Expires')).toBe('60');
    expect(link).not.toContain(minio.address.secretKey);
    for (const changed of [link.replace('models', 'others'), link.replace('Expires=60', 'Expires=6000')]) {
      expect((await fetch(changed)).status).toBe(403);
    }
  });

  it('needs no more than infra/minio/policy.json allows, which allows nothing else', async () => {
    const own = await TestMinio.start();
    const policy = readFileSync(new URL('../../infra/minio/policy.json', import.meta.url), 'utf8');
    const { endpoint: stsEndpoint, accessKey, secretKey, region } = own.address;
    const provider = new AssumeRoleProvider({ stsEndpoint, accessKey, secretKey, region, policy });
    // What hands out credentials may come up after the rest.
    const granted = await vi.waitFor(() => provider.getCredentials(), { timeout: 30_000, interval: 200 });
    const address = {
      ...own.address,
      accessKey: granted.getAccessKey(),
      secretKey: granted.getSecretKey(),
      sessionToken: granted.getSessionToken(),
    };
    const store = new S3ObjectStore(address);
    const context = freshContext();
    await store.ping();
    for (const size of [10, 20_000_000]) {
      await store.put(context, 'key', Buffer.alloc(size, 1));
      expect((await store.get(context, 'key')).length).toBe(size);
    }
    for await (const { key } of store.list(context, '')) expect(key).toBe('key');
    const linked = await fetch(await store.link(context, 'key', 60));
    expect(linked.status).toBe(200);
    // To its end: MinIO lets nobody remove what somebody still reads, for half a minute.
    expect((await linked.arrayBuffer()).byteLength).toBe(20_000_000);
    await store.remove(context, 'key');
    expect(await store.exists(context, 'key')).toBe(false);

    const root = (await connectS3(own.address)).client;
    await root.makeBucket('others', region);
    await root.putObject('others', 'key', 'x');
    const { client } = await connectS3(address);
    const [version] = await listVersions(root, own.address.bucket, `${context.tenant}/key`);
    for (const call of [
      () => client.getObject('others', 'key'),
      () => client.putObject('others', 'key', 'y'),
      () => client.makeBucket('mine', region),
      () => client.removeBucket(own.address.bucket),
      () => client.setBucketPolicy(own.address.bucket, policy),
      () => client.setBucketVersioning('others', { Status: 'Enabled' }),
      () => client.removeObject(own.address.bucket, `${context.tenant}/key`, { versionId: version!.versionId }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'AccessDenied' });
    }
    await store.close();
    await own.remove();
  });
});

interface Version {
  readonly versionId: string;
  readonly isDeleteMarker?: boolean;
}

async function listVersions(client: Client, bucket: string, name: string): Promise<Version[]> {
  const listing = client.listObjects(bucket, name, true, { IncludeVersion: true });
  const found: Version[] = [];
  for await (const version of listing as unknown as AsyncIterable<Version>) found.push(version);
  return found;
}

/** What is kept of an object, in no order. */
async function versions(bucket: string, name: string): Promise<string[]> {
  const found = await listVersions(other, bucket, name);
  const contents = await Promise.all(
    found.map(async ({ versionId, isDeleteMarker }) => {
      if (isDeleteMarker) return 'removed';
      const chunks: Buffer[] = [];
      for await (const chunk of await other.getObject(bucket, name, { versionId })) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    }),
  );
  return contents.sort();
}
