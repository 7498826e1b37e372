import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from '../../infra/free-port.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { ensureRedis } from '../../infra/redis/redis-server.ts';
import { systemClock } from '../../domain/context.ts';
import type { Forecast } from '../../domain/forecast.ts';
import { RedisCache } from '../../stores/cache/redis-cache.ts';
import { PostgresForecastStore } from '../../stores/forecasts/postgres-forecast-store.ts';
import { Database } from '../../stores/postgres/database.ts';
import { TestRedis } from '../../tests/support/redis.ts';
import { OURSELVES } from '../figure.ts';
import { BARE_CLIENT, type StoreSubjects } from './store-subjects.ts';

/** Subjects whose service runs until they are closed. */
export interface RunningSubjects {
  readonly subjects: StoreSubjects;
  close(): Promise<void>;
}

const CONTEXT = { tenant: 'bench', principal: 'bench', clock: systemClock };
const GROUP = 'bench';
const GENERATION = 'bare:generation';
const TTL_MS = 600_000;

/** Longer than what a cache is given otherwise, since the bench would end with it where a busy machine makes it wait. */
const CACHE_LIMIT_MS = 10_000;
const STATEMENT_LIMIT_MS = 60_000;
const SILENCE_MS = 5000;

/**
 * The shared cache on a Redis of its own, and ioredis that sets the same document, and asks for it with the two
 * generations that tell whether it is current. Both limit the time of a command. A text says why no Redis can be had.
 */
export async function redisEntries(): Promise<RunningSubjects | string> {
  const program = await ensureRedis();
  if (typeof program === 'string') return program;
  const redis = await TestRedis.start(program);
  const cache = new RedisCache(redis.url, CACHE_LIMIT_MS);
  const client = new Redis(redis.url, { commandTimeout: CACHE_LIMIT_MS });
  await client.ping();
  const { generation } = await cache.lookup(CONTEXT, GROUP, 'none');
  const [all, ofGroup] = generation.split('.');
  await client.mset(GENERATION, all!, `${GENERATION}:${GROUP}`, ofGroup!);
  return {
    subjects: {
      [OURSELVES]: {
        put: (key, bytes) => cache.put(CONTEXT, GROUP, key, bytes.toString('latin1'), TTL_MS, generation),
        get: async (key) => cache.lookup(CONTEXT, GROUP, key),
      },
      [BARE_CLIENT]: {
        put: async (key, bytes) => {
          await client.set(
            `bare:${key}`,
            JSON.stringify({ value: bytes.toString('latin1'), generation }),
            'PX',
            TTL_MS,
          );
        },
        get: async (key) => {
          const [all, ofGroup, text] = await client.mget(GENERATION, `${GENERATION}:${GROUP}`, `bare:${key}`);
          const entry = JSON.parse(text!) as { value: unknown; generation: string };
          return { value: entry.value, current: entry.generation === `${all}.${ofGroup}` };
        },
      },
    },
    close: async () => {
      await cache.close();
      client.disconnect();
      await redis.kill();
    },
  };
}

/**
 * The forecast store on a PostgreSQL of its own, and node-postgres with the same statements written by hand, prepared
 * alike and with the same limits of time.
 */
export async function postgresRows(): Promise<RunningSubjects> {
  const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-bench-rows-'));
  const { url } = await startPostgres({ stateDir, port: await freePort(0) });
  const database = new Database(url, { poolSize: 2, statementTimeoutMs: STATEMENT_LIMIT_MS });
  const store = new PostgresForecastStore(database);
  // Makes the tables.
  await database.ping();
  await store.find(CONTEXT, 'none', '2013-03-01', 1);
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    statement_timeout: STATEMENT_LIMIT_MS,
    query_timeout: STATEMENT_LIMIT_MS + SILENCE_MS,
  });
  // Connections may outlive `end` by a moment, and the server with them.
  pool.on('error', () => {});
  const find = async (modelId: string) => {
    const values = ['bare', modelId, FORECAST.originSession, FORECAST.horizon];
    return (await pool.query({ name: 'find', text: FIND, values })).rows[0] as unknown;
  };
  return {
    subjects: {
      [OURSELVES]: {
        put: async (key) => void (await store.save(CONTEXT, { ...FORECAST, modelId: key })),
        get: (key) => store.find(CONTEXT, key, FORECAST.originSession, FORECAST.horizon),
      },
      [BARE_CLIENT]: {
        put: async (key) => {
          const { rows } = await pool.query({
            name: 'insert',
            text: INSERT,
            values: ['bare', key, ...valuesOf(FORECAST)],
          });
          if (rows.length === 0) await find(key);
        },
        get: find,
      },
    },
    close: async () => {
      await pool.end();
      await database.close();
      await removePostgres(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

const FORECAST: Omit<Forecast, 'modelId'> = {
  ticker: 'AAPL',
  horizon: 1,
  kind: 'naive',
  modelVersion: 1,
  originSession: '2013-03-01',
  targetSession: '2013-03-04',
  currentPrice: 430.47,
  logReturn: 0.001,
  intervals: [
    { level: 0.8, lower: -0.02, upper: 0.02 },
    { level: 0.95, lower: -0.04, upper: 0.04 },
  ],
  confidence: 0.51,
  directionProbability: 0.51,
  notes: [],
  madeAt: '2013-03-02T00:00:00.000Z',
};

const valuesOf = (forecast: Omit<Forecast, 'modelId'>) => [
  forecast.originSession,
  forecast.horizon,
  forecast.ticker,
  forecast.kind,
  forecast.modelVersion,
  forecast.targetSession,
  forecast.currentPrice,
  forecast.logReturn,
  JSON.stringify(forecast.intervals),
  forecast.confidence,
  forecast.directionProbability,
  null,
  null,
  JSON.stringify(forecast.notes),
  forecast.madeAt,
];

const COLUMNS = `tenant, model_id, origin_session, horizon, ticker, kind, model_version, target_session, current_price,
  log_return, intervals, confidence, direction_probability, certificate_id, baseline_ratio, notes, made_at`;
const PLACES = COLUMNS.split(',').map((_, i) => `$${i + 1}`);
const INSERT = `insert into forecast (${COLUMNS}) values (${PLACES.join(', ')}) on conflict do nothing returning ${COLUMNS}`;
const FIND = `select ${COLUMNS} from forecast
  where tenant = $1 and model_id = $2 and origin_session = $3 and horizon = $4`;
