import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { DebianProgram } from '../debian-program.ts';
import { ensureMinio, minioServer } from '../minio/minio-server.ts';
import { ensureMlflow } from '../mlflow/mlflow-program.ts';
import { mlflowServer } from '../mlflow/mlflow-server.ts';
import { ensurePrometheus, prometheusServer } from '../prometheus/prometheus-server.ts';
import { ensureRedis, redisServer } from '../redis/redis-server.ts';
import { MINIO, MLFLOW, PROMETHEUS, type Part, REDIS } from './part.ts';
import { answersAt, listensAt, serverPart } from './parts.ts';

/** A real service that the stack boots where the environment names none. */
interface RealService {
  readonly name: string;
  /** Preferred port. */
  readonly port: number;
  /** Whether the environment names one of its kind already. */
  isExternal(config: Config): boolean;
  /** Finds or makes its program and says how it is run; undefined, having said why, where the stack can do without. */
  prepare(where: ServiceSurroundings): Promise<PreparedService | undefined>;
}

/** Where a service is run. */
export interface ServiceSurroundings {
  readonly stateDir: string;
  readonly logsDir: string;
  readonly port: number;
  /** Where the API will listen, `host:port`. */
  readonly api: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A service as it is run, and the settings by which workers and API use it. */
export interface PreparedService {
  readonly part: Part;
  readonly settings: Readonly<Record<string, string>>;
}

/** In place of what is embedded or left out: one more real service is one more entry here. */
export const REAL_SERVICES: readonly RealService[] = [
  { name: REDIS, port: 6379, isExternal: ({ redisUrl }) => redisUrl !== undefined, prepare: redis },
  { name: MINIO, port: 9000, isExternal: ({ s3 }) => s3 !== undefined, prepare: minio },
  { name: MLFLOW, port: 5000, isExternal: ({ mlflow: named }) => named !== undefined, prepare: mlflow },
  { name: PROMETHEUS, port: 9090, isExternal: () => false, prepare: prometheus },
];

async function redis({ logsDir, port, stateDir }: ServiceSurroundings): Promise<PreparedService> {
  const { path, env } = needed(REDIS, await ensureRedis(), 'set REDIS_URL');
  const part = serverPart(REDIS, path, redisServer(port, stateDir), logsDir, (signal) => listensAt(port, signal));
  return { part: { ...part, spawnOptions: { env } }, settings: { REDIS_URL: `redis://127.0.0.1:${port}` } };
}

async function minio({ stateDir, logsDir, port, say, signal }: ServiceSurroundings): Promise<PreparedService> {
  const { path } = await ensureMinio({ say, signal });
  const dir = join(stateDir, 'minio');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keys = keysIn(join(stateDir, 'minio-keys.json'));
  const { command, args, env } = minioServer({ path, port, dir, ...keys });
  const endpoint = `http://127.0.0.1:${port}`;
  const ready = (within: AbortSignal) => answersAt(`${endpoint}/minio/health/ready`, within);
  return {
    part: { ...serverPart(MINIO, command, args, logsDir, ready), spawnOptions: { env: { ...process.env, ...env } } },
    settings: { S3_ENDPOINT: endpoint, S3_ACCESS_KEY: keys.accessKey, S3_SECRET_KEY: keys.secretKey },
  };
}

async function mlflow({ stateDir, logsDir, port, say }: ServiceSurroundings): Promise<PreparedService> {
  const dir = join(stateDir, 'mlflow');
  mkdirSync(dir, { recursive: true });
  const { command, args, env } = mlflowServer(await ensureMlflow(say), dir, port);
  const uri = `http://127.0.0.1:${port}`;
  const part = serverPart(MLFLOW, command, args, logsDir, (signal) => answersAt(`${uri}/health`, signal));
  return { part: { ...part, spawnOptions: { cwd: dir, env } }, settings: { MLFLOW_TRACKING_URI: uri } };
}

async function prometheus(where: ServiceSurroundings): Promise<PreparedService | undefined> {
  const { stateDir, logsDir, port, api, say } = where;
  const program = await ensurePrometheus();
  if (typeof program === 'string') {
    say(`without Prometheus: ${program}`);
    return undefined;
  }
  const { path, env } = program;
  const args = prometheusServer(join(stateDir, 'prometheus'), port, { api });
  const ready = (signal: AbortSignal) => answersAt(`http://127.0.0.1:${port}/-/ready`, signal);
  return { part: { ...serverPart(PROMETHEUS, path, args, logsDir, ready), spawnOptions: { env } }, settings: {} };
}

function needed(part: string, program: DebianProgram | string, otherwise: string): DebianProgram {
  if (typeof program !== 'string') return program;
  const problem = `${program}. Install it (apt-get install redis-server, or your system's package), or ${otherwise}`;
  throw new StockcastError('STACK_FAILED', { part, problem });
}

// Made once per state folder: what the server keeps goes by them.
function keysIn(file: string): { accessKey: string; secretKey: string } {
  if (!existsSync(file)) {
    const keys = { accessKey: 'stockcast', secretKey: randomBytes(24).toString('hex') };
    writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as { accessKey: string; secretKey: string };
}
