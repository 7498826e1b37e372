import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Client, LifecycleConfig } from 'minio';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { isKey, mayBeginKey, tenantKey, tenantPrefix } from './object-key.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';
import { type S3Address, type S3Connection, connectS3, isTransient, s3Code, s3Failure } from './s3-connection.ts';

/** Objects above this size are put in parts, so that a broken connection costs one part. */
const LARGEST_IN_ONE = 16 * 1024 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_A_TIME = 3;
const MAX_RETRIES = 4;
const BACKOFF = { initialDelay: 100, maxDelay: 1000 };
const CHECKSUM = 'x-amz-meta-sha256';
/** In a bucket that this store has made, replaced and removed objects can be had back for so long. */
const OLD_VERSIONS_DAYS = 30;
const UNFINISHED_DAYS = 1;
/** So long another process may take between making the bucket and setting it up. */
const MAKING_MS = 2000;
const TYPES: Readonly<Record<string, string>> = { json: 'application/json', svg: 'image/svg+xml' };

/**
 * Objects in a bucket of MinIO or S3, below the tenant's name. The server shows an object when it has all of it. A put
 * notes the SHA-256 of the bytes beside them, and a get believes nothing else. The first call makes the bucket where it
 * is missing and sees to it that replaced objects are kept as versions. What fails for a moment is tried again.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #address: S3Address;
  readonly #again = retry(handleWhen(isTransient), {
    maxAttempts: MAX_RETRIES,
    backoff: new ExponentialBackoff(BACKOFF),
  });
  #opened: Promise<S3Connection> | undefined;

  /** Connects at first use. */
  constructor(address: S3Address) {
    this.#address = address;
  }

  /** @throws StockcastError OBJECTS_UNAVAILABLE, OBJECTS_REFUSED, as all calls do */
  async put(context: Context, key: string, bytes: Uint8Array): Promise<void> {
    const name = tenantKey(context, key);
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const checksum = sha256(body);
    const headers = { [CHECKSUM]: checksum, 'content-type': typeOf(key) };
    await this.#ask((client) =>
      body.length > LARGEST_IN_ONE
        ? this.#putInParts(client, name, body, headers)
        : this.#putInOne(client, name, body, headers, checksum),
    );
  }

  /** @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED when the bytes are not those that were put */
  async get(context: Context, key: string): Promise<Uint8Array> {
    const name = tenantKey(context, key);
    const { bytes, actual, noted } = await this.#ask(async (client) => {
      try {
        // The library gives the response of node:http as it is.
        return await read((await client.getObject(this.#address.bucket, name)) as IncomingMessage);
      } catch (cause) {
        if (s3Code(cause) === 'NoSuchKey') throw new StockcastError('OBJECT_MISSING', { key }, { cause });
        throw cause;
      }
    });
    if (noted === actual) return bytes;
    const problem =
      noted === undefined
        ? 'it has no checksum, so another program has put it'
        : `its bytes have the SHA-256 ${actual}, but those that were put had ${noted}`;
    throw new StockcastError('OBJECT_DAMAGED', { key, problem });
  }

  async exists(context: Context, key: string): Promise<boolean> {
    const name = tenantKey(context, key);
    return this.#ask(async (client) => {
      try {
        await client.statObject(this.#address.bucket, name);
        return true;
      } catch (error) {
        if (s3Code(error) === 'NotFound') return false;
        throw error;
      }
    });
  }

  async *list(context: Context, prefix: string): AsyncIterable<ObjectInfo> {
    const own = tenantPrefix(context);
    // The server refuses what can't begin a key.
    if (!mayBeginKey(prefix)) return;
    let last: string | undefined = '';
    while (last !== undefined) {
      const from: string = last;
      const page = await this.#ask((client) =>
        client.listObjectsV2Query(this.#address.bucket, `${own}${prefix}`, '', '', 1000, from),
      );
      for (const { name, size, lastModified } of page.objects) {
        const key = name?.slice(own.length);
        if (key !== undefined && isKey(key)) yield { key, bytes: size, modifiedAt: lastModified!.toISOString() };
      }
      last = page.isTruncated ? page.objects.at(-1)?.name : undefined;
    }
  }

  // In a bucket with versions, removing what is not there would leave a mark.
  async remove(context: Context, key: string): Promise<void> {
    if (!(await this.exists(context, key))) return;
    await this.#ask((client) => client.removeObject(this.#address.bucket, tenantKey(context, key)));
  }

  async link(context: Context, key: string, expiresInS: number): Promise<string> {
    const name = tenantKey(context, key);
    return this.#ask((client) => client.presignedGetObject(this.#address.bucket, name, expiresInS));
  }

  /** Settles when the bucket is there and answers; asks once. */
  async ping(): Promise<void> {
    const { bucket, endpoint } = this.#address;
    try {
      const { client } = await this.#open();
      if (await client.bucketExists(bucket)) return;
    } catch (error) {
      throw s3Failure(this.#address, error);
    }
    throw new StockcastError('OBJECTS_UNAVAILABLE', { endpoint, problem: `the bucket ${bucket} is gone` });
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    // One that could not be opened has told its caller so.
    (await opened?.catch(() => undefined))?.close();
  }

  async #ask<T>(call: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await this.#again.execute(async () => call((await this.#open()).client));
    } catch (error) {
      throw s3Failure(this.#address, error);
    }
  }

  #open(): Promise<S3Connection> {
    this.#opened ??= open(this.#address).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  // As the library's putObject does, which would copy the bytes and hash them twice more.
  async #putInOne(
    client: Client,
    objectName: string,
    body: Buffer,
    headers: Record<string, string>,
    checksum: string,
  ): Promise<void> {
    const { bucket, endpoint } = this.#address;
    const request = {
      method: 'PUT',
      bucketName: bucket,
      objectName,
      headers: { ...headers, 'content-length': String(body.length) },
    };
    // What TLS protects is not signed.
    const signed = endpoint.startsWith('https:') ? '' : checksum;
    for await (const _ of await client.makeRequestStreamAsync(request, body, signed, [200], ''));
  }

  // Under an upload of its own: the library's putObject goes on with any unfinished upload of the same key, so that two
  // writers would mix their parts.
  async #putInParts(client: Client, name: string, body: Buffer, headers: Record<string, string>): Promise<void> {
    const { bucket } = this.#address;
    const uploadId = await client.initiateNewMultipartUpload(bucket, name, headers);
    const nParts = Math.ceil(body.length / PART_BYTES);
    const parts: { part: number; etag: string }[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < nParts) {
        const i = next++;
        const bytes = body.subarray(i * PART_BYTES, (i + 1) * PART_BYTES);
        const part = { bucketName: bucket, objectName: name, uploadID: uploadId, partNumber: i + 1, headers: {} };
        parts[i] = await this.#again.execute(() => client.uploadPart(part, bytes));
      }
    };
    try {
      await Promise.all(Array.from({ length: PARTS_AT_A_TIME }, lane));
    } catch (error) {
      next = nParts;
      // Its cause is what matters; what stays of the upload is forgotten by the server.
      await client.abortMultipartUpload(bucket, name, uploadId).catch(() => undefined);
      // A part has been tried again already.
      throw s3Failure(this.#address, error);
    }
    await client.completeMultipartUpload(bucket, name, uploadId, parts);
  }
}

async function open(address: S3Address): Promise<S3Connection> {
  const connection = await connectS3(address);
  try {
    await ensureBucket(connection.client, address);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function ensureBucket(client: Client, { bucket, region }: S3Address): Promise<void> {
  const versioned = { Status: 'Enabled' } as const;
  if (!(await client.bucketExists(bucket))) {
    try {
      await client.makeBucket(bucket, region);
      // The library's types don't know of expired marks of deletion.
      await client.setBucketLifecycle(bucket, LIFECYCLE as unknown as LifecycleConfig);
      return await client.setBucketVersioning(bucket, versioned);
    } catch (error) {
      // Another process was quicker.
      if (s3Code(error) !== 'BucketAlreadyOwnedByYou') throw error;
    }
  }
  if (!(await becomesVersioned(client, bucket))) await client.setBucketVersioning(bucket, versioned);
}

/** Leaves whoever makes the bucket the time to do so: of two settings written at once, the server may lose one. */
async function becomesVersioned(client: Client, bucket: string): Promise<boolean> {
  for (let asked = 0; asked < 10; asked += 1) {
    if (asked > 0) await sleep(MAKING_MS / 10);
    if ((await client.getBucketVersioning(bucket)).Status === 'Enabled') return true;
  }
  return false;
}

const LIFECYCLE = {
  Rule: [
    {
      ID: 'old-versions',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      NoncurrentVersionExpiration: { NoncurrentDays: OLD_VERSIONS_DAYS },
      Expiration: { ExpiredObjectDeleteMarker: true },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: UNFINISHED_DAYS },
    },
  ],
};

async function read(response: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { bytes, actual: sha256(bytes), noted: response.headers[CHECKSUM] };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function typeOf(key: string): string {
  return TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}
