import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import { freePort } from '../../infra/free-port.ts';
import { type RunningPostgres, startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { temporalServer } from '../../infra/temporal/temporal-server.ts';
import { type RedisProgram, ensureRedis } from '../../infra/redis/redis-server.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { openStores } from '../../stores/open-stores.ts';
import { type ApiProcess, startApiProcess } from '../support/api-process.ts';
import { killNow } from '../support/kill-now.ts';
import { TestRedis, eventually } from '../support/redis.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';
import { trainDirectly } from '../support/trained-ticker.ts';

// Two real processes of the API behind one port, on a PostgreSQL and a Redis of their own, which are killed.
vi.setConfig({ testTimeout: 180_000 });
const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-replicas-'));

const program: RedisProgram = await ensureRedis();
let postgres: RunningPostgres;
let postgresPort: number;
let temporalPort: number;
let temporal: ChildProcess | undefined;
let redis: TestRedis | undefined;
let stores: ReturnType<typeof openStores>;
let services: Services;
let api: ApiProcess;
let url: string;

async function startTemporal(): Promise<void> {
  const { path } = await ensureTemporalCli({ say: (line) => console.log(line) });
  const dbFile = join(stateDir, 'temporal.db');
  const { command, args } = temporalServer({ path, port: temporalPort, uiPort: await freePort(0), dbFile });
  temporal = spawn(command, args, { stdio: 'ignore' });
}

const startDatabase = () => startPostgres({ stateDir, port: postgresPort, settings: { fsync: 'off' } });

beforeAll(async () => {
  postgresPort = await freePort(0);
  temporalPort = await freePort(0);
  postgres = await startDatabase();
  if (typeof program !== 'string') redis = await TestRedis.start(program);
  const objectsDir = join(stateDir, 'objects');
  stores = openStores({ database: { url: postgres.url, poolSize: 3, statementTimeoutMs: 30_000 }, objectsDir });
  services = createServices(stores, 'code-1');
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  await promote('naive');
  api = await startApiProcess({
    STOCKCAST_STATE_DIR: stateDir,
    API_PROCESSES: '2',
    DATABASE_URL: postgres.url,
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
  });
  url = api.url;
});
afterAll(async () => {
  await killNow(api?.child);
  await killNow(temporal);
  await stores?.close();
  await redis?.kill();
  await removePostgres(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly verdict: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: any;
}

/** Asks on a connection of its own: connections go to the processes in turns. */
function ask(path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpGet(`${url}${path}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { 'x-cache': verdict, 'retry-after': retryAfter } = response.headers;
        resolve({
          status: response.statusCode!,
          verdict: verdict as string | undefined,
          retryAfter,
          body: JSON.parse(text),
        });
      });
    });
    request.on('error', reject);
  });
}

/** Whether every one of several answers, which come from both processes, is as it should be. */
async function all(path: string, isRight: (answer: Answer) => boolean): Promise<boolean> {
  for (let i = 0; i < 6; i++) if (!isRight(await ask(path))) return false;
  return true;
}

const isModel = (kind: string) => (answer: Answer) => answer.status === 200 && answer.body.model === kind;
let nPromotions = 0;

async function promote(kind: string): Promise<void> {
  const model = (await services.registry.newest(context, 'AAPL', 10, kind))!;
  await services.ledger.enter(context, {
    ...{ ticker: 'AAPL', horizon: 10, asOf: model.asOf, modelId: model.id, kind, reasons: [], live: true },
    ...{ principal: 'tester', runId: 'test', executionId: `test-${nPromotions++}` },
  });
}

/** Ids of the processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout: text } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) =>
      match !== null && Number(match[2]) === pid && /replica-main/.test(match[3]!) ? [Number(match[1])] : [],
    );
}

/** Rows of the log of predictions with a cache verdict. */
async function audited(verdict: string): Promise<number> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  try {
    const { rows } = await client.query('select count(*)::int as n from prediction_log where cache = $1', [verdict]);
    return (rows as { n: number }[])[0]!.n;
  } finally {
    await client.end();
  }
}

describe.sequential('two processes of the API', () => {
  it('listen on one port, which is said once, and hold what they were asked for', async () => {
    expect(api.said()).toMatch(/^api ready: http:\/\/127\.0\.0\.1:\d+\n$/);
    expect(await childrenOf(api.child.pid!)).toHaveLength(2);
    await eventually(() => all('/predict/AAPL', ({ verdict }) => verdict === 'hit'));
    expect(api.said().match(/api ready/g)).toHaveLength(1);
  });

  it('both serve another model soon after its promotion, and later prices after they came in', async () => {
    expect(await all('/predict/AAPL', isModel('naive'))).toBe(true);
    await promote('linear');
    await eventually(() => all('/predict/AAPL', isModel('linear')));
    const bar = {
      ticker: 'AAPL',
      sector: 'Technology',
      date: '2013-03-04',
      open: 427,
      high: 428,
      low: 419,
      close: 420,
    };
    const record = { id: 'later', source: 'later', acceptedRows: 1, rejectedRows: 0, report: [] };
    await services.bars.merge(context, record, [[{ ...bar, volume: 1e7 }]], []);
    await eventually(() => all('/predict/AAPL', ({ body }) => body.as_of === '2013-03-04'));
  });

  it.runIf(typeof program !== 'string')('go on while Redis is away, and when it is back', async () => {
    await redis!.kill();
    expect(await all('/predict/AAPL', ({ status, body }) => status === 200 && !body.stale)).toBe(true);
    await promote('naive');
    await eventually(() => all('/predict/AAPL', isModel('naive')));
    await redis!.start();
    await promote('linear');
    await eventually(() => all('/predict/AAPL', isModel('linear')));
    expect(await all('/predict/AAPL', ({ status, body }) => status === 200 && !body.stale)).toBe(true);
  });

  it('give the last known forecast while the database is away, say so, and recover by themselves', async () => {
    await eventually(() => all('/predict/AAPL', ({ verdict }) => verdict === 'hit'));
    process.kill(postgres.pid, 'SIGKILL');
    await eventually(async () => {
      const answer = await ask('/predict/AAPL');
      expect(answer.status).toBe(200);
      return answer.body.stale;
    });
    await eventually(() => all('/predict/AAPL', ({ body }) => body.stale));
    const { body, verdict } = await ask('/predict/AAPL');
    expect(verdict).toBe('stale');
    expect(body).toMatchObject({ model: 'linear', as_of: '2013-03-04', stale: true, age_seconds: expect.any(Number) });
    expect(body.notes.join()).toContain('The last known forecast');
    const unknown = await ask('/predict/AAPL?model=naive');
    expect(unknown).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });
    expect(Number(unknown.retryAfter)).toBeGreaterThan(0);

    await postgres.stop();
    postgres = await startDatabase();
    await eventually(() => all('/predict/AAPL', (answer) => answer.status === 200 && !answer.body.stale));
    await promote('naive');
    await eventually(() => all('/predict/AAPL', isModel('naive')));
    await eventually(() => all('/predict/AAPL', (answer) => answer.verdict === 'hit'));
    // What was answered meanwhile is in the log of predictions once it can be.
    await eventually(async () => (await audited('stale')) > 0);
  });

  it('go on without Temporal, and train again by themselves when it is back', async () => {
    const training = '/train/AAPL?horizons=1&kinds=linear';
    const isAway = async () => {
      const { status, body, retryAfter } = await ask(training);
      return status === 503 && body.code === 'TEMPORAL_UNAVAILABLE' && Number(retryAfter) > 0;
    };
    const starts = async () => [200, 202].includes((await ask(training)).status);
    expect(await isAway()).toBe(true);
    await startTemporal();
    await eventually(starts);
    await killNow(temporal);
    await eventually(isAway);
    expect(await all('/predict/AAPL', ({ status, body }) => status === 200 && !body.stale)).toBe(true);
    await startTemporal();
    await eventually(starts);
  });

  it('start again when one is killed, and the other answers meanwhile', async () => {
    const before = await childrenOf(api.child.pid!);
    process.kill(before[0]!, 'SIGKILL');
    await eventually(() => /API process \d \(pid \d+\) was ended by SIGKILL; it is started again/.test(api.log()));
    expect((await ask('/predict/AAPL')).status).toBe(200);
    await eventually(() => /API process \d is back/.test(api.log()));
    const now = await childrenOf(api.child.pid!);
    expect(now).toHaveLength(2);
    expect(now).not.toContain(before[0]);
    await eventually(() => all('/predict/AAPL', isModel('naive')));
  });

  it('end together on SIGTERM', async () => {
    const children = await childrenOf(api.child.pid!);
    const exited = once(api.child, 'exit');
    api.child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
