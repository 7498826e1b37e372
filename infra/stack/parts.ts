import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { QUEUES } from '../../domain/run.ts';
import type { PreparedPostgres } from '../postgres/embedded-postgres.ts';
import { type TemporalServerOptions, temporalServer } from '../temporal/temporal-server.ts';
import { POSTGRES, type Part, TEMPORAL } from './part.ts';

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** The dev server takes up to 3 s to let go of its port. */
const TEMPORAL_GRACE_MS = 8000;
const POSTGRES_GRACE_MS = 10_000;
/** MLflow loads Python for half a minute where the machine is busy. */
const SERVER_READY_MS = 180_000;
const SERVER_GRACE_MS = 10_000;

/**
 * What a worker process is started with, unless the user has set it: glibc's allocator otherwise keeps a heap for each of
 * its threads and gives little back, so that the process grows with all that it has read.
 */
export const WORKER_ENV = { MALLOC_ARENA_MAX: '2' } as const;

/** The embedded PostgreSQL. */
export function postgresPart(prepared: PreparedPostgres, logsDir: string): Part {
  const { command, args, spawnOptions } = prepared;
  return {
    ...part(POSTGRES, command, args, logsDir),
    spawnOptions,
    ready: (_, signal) => prepared.ready({ signal }),
    stopSignal: 'SIGINT',
    graceMs: POSTGRES_GRACE_MS,
  };
}

/** Temporal's dev server with its Web UI. */
export function temporalPart(options: TemporalServerOptions, logsDir: string): Part {
  const { command, args } = temporalServer(options);
  return {
    ...part(TEMPORAL, command, args, logsDir),
    ready: (_, signal) => temporalAnswers(`127.0.0.1:${options.port}`, signal),
    graceMs: TEMPORAL_GRACE_MS,
  };
}

function workerPart(name: string, queues: readonly string[], process: PartProcess): Part {
  return {
    ...stockcastPart(name, ['worker', ...queues.flatMap((queue) => ['--queue', queue])], {
      ...process,
      env: { ...WORKER_ENV, ...process.env },
    }),
    ready: (output, signal) => until(() => output().includes('worker ready'), signal),
  };
}

/** The HTTP API. */
export function apiPart(address: string, process: PartProcess): Part {
  return {
    ...stockcastPart('API', ['api'], process),
    ready: (_, signal) => answersAt(`${address}/health`, signal),
  };
}

/** A server that is no part of the project and stops on SIGTERM; `ready` resolves when it does its work. */
export function serverPart(
  name: string,
  command: string,
  args: readonly string[],
  logsDir: string,
  ready: (signal: AbortSignal) => Promise<void>,
): Part {
  const plain = part(name, command, args, logsDir);
  return { ...plain, ready: (_, signal) => ready(signal), readyTimeoutMs: SERVER_READY_MS, graceMs: SERVER_GRACE_MS };
}

/** Resolves when an address answers that all is well. */
export function answersAt(url: string, signal: AbortSignal): Promise<void> {
  return until(async () => {
    try {
      return (await fetch(url, { signal })).ok;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TypeError) return false;
      throw error;
    }
  }, signal);
}

/** Resolves when something takes connections on a port of this machine. */
export function listensAt(port: number, signal: AbortSignal): Promise<void> {
  return until(
    () =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => socket.end(() => resolve(true)));
        socket.once('error', () => resolve(false));
      }),
    signal,
  );
}

/** The worker processes of one machine: reading, writing and orchestration in one, computing in the other. */
export function workerParts(process: PartProcess): Part[] {
  return [
    workerPart('worker (data and orchestration)', [QUEUES.orchestration, QUEUES.data], process),
    workerPart('worker (training)', [QUEUES.training], process),
  ];
}

/** What the project's own processes have in common. */
export interface PartProcess {
  readonly env: NodeJS.ProcessEnv;
  readonly logsDir: string;
  readonly graceMs: number;
}

function stockcastPart(name: string, args: readonly string[], { env, logsDir, graceMs }: PartProcess) {
  const script = join(PROJECT_DIR, 'cli', 'stockcast.js');
  return {
    ...part(name, process.execPath, [script, ...args], logsDir),
    spawnOptions: { env, cwd: PROJECT_DIR },
    graceMs,
  };
}

function part(name: string, command: string, args: readonly string[], logsDir: string) {
  const logFile = join(
    logsDir,
    `${name
      .toLowerCase()
      .replace(/[^a-z]+/g, '-')
      .replace(/-$/, '')}.log`,
  );
  return { name, command, args, logFile, readyTimeoutMs: READY_TIMEOUT_MS, stopSignal: 'SIGTERM' as const };
}

async function temporalAnswers(address: string, signal: AbortSignal): Promise<void> {
  await until(async () => {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
      } finally {
        await connection.close();
      }
      return true;
    } catch {
      // Not yet listening, or the namespace is not yet there; the part's time-out bounds the trying.
      return false;
    }
  }, signal);
}

async function until(condition: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition())) await sleep(POLL_MS, undefined, { signal });
}
