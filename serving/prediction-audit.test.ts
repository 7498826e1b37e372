import { randomUUID } from 'node:crypto';
import { type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PredictionEntry } from '../stores/audit/prediction-log.ts';
import { openStores } from '../stores/open-stores.ts';
import { type TestDatabase, freshDatabase } from '../tests/support/postgres.ts';
import { PredictionAudit } from './prediction-audit.ts';

const entry = (requestId: string, more: Partial<PredictionEntry> = {}): PredictionEntry => ({
  id: randomUUID(),
  at: '2026-01-02T03:04:05.678Z',
  requestId,
  principal: 'tester',
  route: '/predict/:ticker',
  ticker: 'AAPL',
  horizon: 10,
  durationMs: 1.5,
  ...more,
});
const answer = { modelId: 'm1', kind: 'linear', originSession: '2026-01-02', priceTarget: 12.5, confidence: 0.6 };

let database: TestDatabase;
let link: Awaited<ReturnType<typeof cuttableLink>>;
let stores: ReturnType<typeof openStores>;

beforeEach(async () => {
  database = await freshDatabase();
  link = await cuttableLink(database.url);
  const at = { url: link.url, poolSize: 2, statementTimeoutMs: 5000 };
  stores = openStores({ database: at, objectsDir: '/nonexistent' });
  await stores.ping();
});

afterEach(async () => {
  await stores.close();
  await link.close();
  await database.drop();
});

/** A way to the database that can be cut and mended. */
async function cuttableLink(to: string) {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(to);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    mend: () => {
      isCut = false;
    },
    close: () => {
      cut();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function rows(): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query('select * from prediction_log order by request_id')).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

describe('the audit of forecasts', () => {
  test('writes what it was told, in batches, each entry once', async () => {
    const audit = new PredictionAudit(stores.predictionLog, { everyMs: 10 });
    audit.note('default', entry('a', { answer, asked: 'linear', cache: 'hit' }));
    audit.note('default', entry('b', { code: 'MODEL_MISSING' }));
    audit.note('other', entry('c', { asOf: '2010-06-01' }));
    await expect.poll(() => audit.counts, { timeout: 20_000 }).toEqual({ written: 3, buffered: 0, dropped: 0 });
    const twice = entry('d');
    await stores.predictionLog.append({ tenant: 'default' }, [twice, twice]);
    await stores.predictionLog.append({ tenant: 'default' }, [twice]);
    await stores.predictionLog.append({ tenant: 'default' }, []);
    expect(await rows()).toMatchObject([
      {
        request_id: 'a',
        tenant: 'default',
        model_id: 'm1',
        kind: 'linear',
        price_target: 12.5,
        asked: 'linear',
        as_of: null,
      },
      { request_id: 'b', code: 'MODEL_MISSING', model_id: null, asked: null },
      { request_id: 'c', tenant: 'other', as_of: expect.anything() },
      { request_id: 'd' },
    ]);
    await audit.close(5000);
  });

  test('keeps what comes while the database is away, says so once, and writes it when it is back', async () => {
    const troubles: unknown[] = [];
    const options = { everyMs: 10, capacity: 3, onTrouble: (error: unknown) => troubles.push(error) };
    const audit = new PredictionAudit(stores.predictionLog, options);
    link.cut();
    audit.note('default', entry('a'));
    await expect.poll(() => troubles.length, { timeout: 20_000 }).toBe(1);
    for (const id of ['b', 'c', 'd', 'e']) audit.note('default', entry(id));
    expect(audit.counts).toEqual({ written: 0, buffered: 3, dropped: 2 });
    link.mend();
    await expect.poll(() => audit.counts.written, { timeout: 40_000 }).toBe(3);
    expect(troubles).toMatchObject([{ code: 'DATABASE_UNAVAILABLE' }, undefined]);
    expect((await rows()).map((row) => row.request_id)).toEqual(['a', 'b', 'c']);
    await audit.close(5000);
  });

  test('writes what waits when it is closed, and counts what it could not', async () => {
    const audit = new PredictionAudit(stores.predictionLog, { everyMs: 60_000 });
    for (let i = 0; i < 2500; i++) audit.note('default', entry(String(i)));
    await audit.close(30_000);
    expect(audit.counts).toEqual({ written: 2500, buffered: 0, dropped: 0 });
    expect(await rows()).toHaveLength(2500);

    const cut = new PredictionAudit(stores.predictionLog, { everyMs: 60_000 });
    cut.note('default', entry('lost'));
    link.cut();
    await cut.close(30_000);
    expect(cut.counts).toEqual({ written: 0, buffered: 0, dropped: 1 });
  });

  test('drops and counts what the database refuses for good, which must not stand in the way', async () => {
    const audit = new PredictionAudit(stores.predictionLog, { everyMs: 10 });
    audit.note('default', entry('bad', { asked: 'a\0b' }));
    await expect.poll(() => audit.counts.dropped, { timeout: 20_000 }).toBe(1);
    audit.note('default', entry('good'));
    await expect.poll(() => audit.counts.written, { timeout: 20_000 }).toBe(1);
    await audit.close(5000);
  });

  test('collects nothing where it is switched off', async () => {
    const audit = new PredictionAudit(undefined);
    audit.note('default', entry('a'));
    expect(audit.counts).toEqual({ written: 0, buffered: 0, dropped: 0 });
    await audit.close(10);
  });
});
