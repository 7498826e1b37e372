import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { Client } from 'minio';
import { systemClock } from '../../domain/context.ts';
import { FolderObjectStore } from '../../stores/objects/folder-object-store.ts';
import type { ObjectStore } from '../../stores/objects/object-store.ts';
import { S3ObjectStore } from '../../stores/objects/s3-object-store.ts';
import { TestMinio } from '../../tests/support/minio.ts';
import { OURSELVES } from '../figure.ts';

/** The client that a service's makers give, used directly. */
export const BARE_CLIENT = 'bare-client';

/** Where something is put and got. */
export interface Objects {
  put(key: string, bytes: Buffer): Promise<void>;
  get(key: string): Promise<unknown>;
}

/** This project's store and the bare client on one service. */
export type StoreSubjects = Readonly<Record<typeof OURSELVES | typeof BARE_CLIENT, Objects>>;

const CONTEXT = { tenant: 'bench', principal: 'bench', clock: systemClock };

/** The folder store, and node:fs that writes to a temporary file, syncs it, renames it and syncs its folder. */
export function folderObjects(dir: string): StoreSubjects {
  return {
    [OURSELVES]: ours(new FolderObjectStore(join(dir, 'ours'))),
    [BARE_CLIENT]: {
      put: async (key, bytes) => {
        const target = join(dir, 'bare', key);
        await mkdir(dirname(target), { recursive: true });
        const temporary = join(dir, 'bare', randomUUID());
        const file = await open(temporary, 'wx');
        await file.writeFile(bytes);
        await file.sync();
        await file.close();
        await rename(temporary, target);
        const folder = await open(dirname(target), 'r');
        await folder.sync();
        await folder.close();
      },
      get: (key) => readFile(join(dir, 'bare', key)),
    },
  };
}

/** The store on a MinIO of its own, and the minio client, which notes a SHA-256 and compares it on reading. */
export async function minioObjects(
  progress: (text: string) => void,
): Promise<{ readonly subjects: StoreSubjects; close(): Promise<void> }> {
  progress('stores: starting MinIO; the first time, it is built for some minutes');
  const minio = await TestMinio.start();
  const { bucket, region, accessKey, secretKey, endpoint } = minio.address;
  const { hostname, port } = new URL(endpoint);
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region });
  const store = new S3ObjectStore(minio.address);
  // Makes the bucket.
  await store.ping();
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const bare: Objects = {
    put: async (key, bytes) => {
      await client.putObject(bucket, `bare/${key}`, bytes, bytes.length, { sha256: sha256(bytes) });
    },
    get: async (key) => {
      const response = (await client.getObject(bucket, `bare/${key}`)) as IncomingMessage;
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      if (sha256(bytes) !== response.headers['x-amz-meta-sha256']) throw new Error(`${key} has changed`);
      return bytes;
    },
  };
  return {
    subjects: { [OURSELVES]: ours(store), [BARE_CLIENT]: bare },
    close: async () => {
      await store.close();
      await minio.remove();
    },
  };
}

function ours(store: ObjectStore): Objects {
  return {
    put: (key, bytes) => store.put(CONTEXT, key, bytes),
    get: (key) => store.get(CONTEXT, key),
  };
}
