import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StockcastError } from '../../domain/errors.ts';
import type { MlflowProgram } from './mlflow-program.ts';

const READY_MS = 180_000;
const POLL_MS = 200;
/** Runs a program that ends, with all that it started, when it or whoever holds this shell's input does. */
const WHILE_HELD = '{ "$@"; kill -9 0; } & cat > /dev/null; kill -9 0';

/** A running MLflow server. */
export interface MlflowServer {
  readonly url: string;
  /** Ends all of its processes at once. */
  kill(): Promise<void>;
}

/**
 * The command line and variables of an MLflow on 127.0.0.1: runs and models in an SQLite file, artifacts in a folder, both
 * below `dir`, where it finds them again when it is started anew.
 */
export function mlflowServer({ path }: MlflowProgram, dir: string, port: number) {
  const store = ['--backend-store-uri', `sqlite:///${join(dir, 'mlflow.db')}`];
  const artifacts = ['--artifacts-destination', join(dir, 'artifacts')];
  const listen = ['--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  return {
    command: path,
    args: ['server', ...store, ...artifacts, ...listen],
    // It starts its web server by name, and would run eight more processes for jobs that nobody gives it.
    env: {
      ...process.env,
      PATH: `${dirname(path)}:${process.env.PATH ?? ''}`,
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    },
  };
}

/**
 * Starts MLflow (`mlflowServer`) and waits until it answers.
 * @throws StockcastError STACK_FAILED with the end of its log
 */
export async function startMlflow(program: MlflowProgram, dir: string, port: number): Promise<MlflowServer> {
  mkdirSync(dir, { recursive: true });
  const logFile = join(dir, 'mlflow.log');
  const log = openSync(logFile, 'a');
  const { command, args, env } = mlflowServer(program, dir, port);
  const child = spawn('sh', ['-c', WHILE_HELD, 'sh', command, ...args], {
    cwd: dir,
    env,
    stdio: ['pipe', log, log],
    // Leads a group, so that its workers end with it.
    detached: true,
  });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  const server = { url, kill: () => kill(child) };
  let problem: string | undefined;
  child.once('error', (error) => {
    problem = error.message;
  });
  for (const started = Date.now(); !(await answers(url)); await sleep(POLL_MS)) {
    if (hasEnded(child)) problem ??= 'it ended';
    if (Date.now() - started > READY_MS) problem ??= `it did not answer within ${READY_MS / 1000} s`;
    if (problem === undefined) continue;
    await server.kill();
    const end = readFileSync(logFile, 'utf8').slice(-1000);
    throw new StockcastError('STACK_FAILED', { part: 'MLflow', problem: `${problem}: ${end}` });
  }
  return server;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    // Not yet.
    return false;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
