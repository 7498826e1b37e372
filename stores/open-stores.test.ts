import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../domain/context.ts';
import { freePort } from '../infra/free-port.ts';
import { freshDatabase } from '../tests/support/postgres.ts';
import { openStores } from './open-stores.ts';

const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const options = { poolSize: 2, statementTimeoutMs: 30_000 };

let objectsDir: string;
beforeEach(() => {
  objectsDir = join(mkdtempSync(join(tmpdir(), 'stockcast-stores-')), 'objects');
});
afterEach(() => rmSync(join(objectsDir, '..'), { recursive: true }));

describe('the stores', () => {
  it('open on a database and a folder that are empty', async () => {
    const { url, drop } = await freshDatabase();
    const stores = openStores({ database: { url, ...options }, objectsDir });
    await stores.ping();
    expect(await stores.bars.tickers(context)).toEqual([]);
    expect(await stores.ledger.history(context, 'AAPL')).toEqual([]);
    expect(await stores.registry.kinds(context, 'AAPL', 10)).toEqual([]);
    expect(await stores.forecasts.find(context, 'nobody', '2013-03-01', 10)).toBeUndefined();
    await stores.objects.put(context, 'key', Uint8Array.of(1));
    await stores.close();
    await drop();
  });

  it('open while the database is away: objects work, the others say that it is away', async () => {
    const url = `postgres://stockcast:secret@127.0.0.1:${await freePort(0)}/stockcast`;
    const stores = openStores({ database: { url, ...options }, objectsDir });
    await stores.objects.put(context, 'key', Uint8Array.of(1));
    for (const call of [
      () => stores.ping(),
      () => stores.bars.tickers(context),
      () => stores.ledger.history(context, 'AAPL'),
      () => stores.registry.find(context, 'nobody'),
      () => stores.forecasts.find(context, 'nobody', '2013-03-01', 10),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    }
    await stores.close();
  });

  it('keep the objects where S3 is named, which may be away, too', async () => {
    const url = `postgres://stockcast:secret@127.0.0.1:${await freePort(0)}/stockcast`;
    const endpoint = `http://127.0.0.1:${await freePort(0)}`;
    const s3 = { endpoint, bucket: 'stockcast', region: 'us-east-1', accessKey: 'me', secretKey: 'the-secret' };
    const stores = openStores({ database: { url, ...options }, objectsDir, s3 });
    for (const call of [() => stores.pingObjects(), () => stores.objects.get(context, 'key')]) {
      await expect(call()).rejects.toMatchObject({
        code: 'OBJECTS_UNAVAILABLE',
        message: expect.stringContaining(endpoint),
      });
    }
    expect(existsSync(objectsDir)).toBe(false);
    await stores.close();
  });

  it('say what to do when no database is named', () => {
    expect(() => openStores({ database: { url: undefined, ...options }, objectsDir })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('npm start') }),
    );
  });
});
