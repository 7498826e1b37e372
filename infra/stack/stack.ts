import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/config.ts';
import type { StackAddresses } from '../../config/stack-file.ts';
import { freePort } from '../free-port.ts';
import { preparePostgres } from '../postgres/embedded-postgres.ts';
import { removePostgres } from '../postgres/postgres-home.ts';
import { ensureTemporalCli } from '../temporal/temporal-cli.ts';
import { apiPart, postgresPart, temporalPart, workerParts } from './parts.ts';
import { recordOf } from './process-identity.ts';
import { type StackPorts, StackState } from './stack-state.ts';
import { Supervisor } from './supervisor.ts';

const PREFERRED = { temporal: 7233, temporalUi: 8233, postgres: 5433 };
/** How long a part gets beyond the grace time that it knows of. */
const EXTRA_GRACE_MS = 5000;

export interface StackOptions {
  /** The environment that names external parts and settings; the local parts get it with the addresses added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The local stack while it runs. */
export interface Stack {
  readonly addresses: StackAddresses;
  /** Settles, with the reason, when a part died more often than it is restarted. */
  readonly failed: Promise<Error>;
  readonly processes: Supervisor['processes'];
  /** Stops every process that was started, in order, and waits until they are gone. */
  stop(): Promise<void>;
}

/**
 * Boots the local stack as separate processes on 127.0.0.1: PostgreSQL and Temporal side by side, then the workers and
 * the API. What the environment names (`DATABASE_URL`, `TEMPORAL_ADDRESS`) is used and not booted. When anything fails,
 * or the signal aborts, what was started is stopped again.
 * @throws StockcastError STACK_FAILED naming the part, its log and what it says
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { env, cwd, say, signal } = options;
  const config = loadConfig(env, cwd);
  const { stateDir, external } = config;
  const state = new StackState(stateDir);
  state.refuseSecond();
  await state.endLeftovers(say);
  const logsDir = join(stateDir, 'logs');
  mkdirSync(logsDir, { recursive: true });

  const ports = await choosePorts(state, config.api.port, external, say);
  const own = recordOf('supervisor', process.pid)!;
  const supervisor = new Supervisor({
    say,
    onProcesses: (parts) => state.keepProcesses({ supervisor: own, parts }),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopInOrder(supervisor, state);
    return stopped;
  };

  try {
    const [databaseUrl] = await Promise.all([
      external.database ? config.database.url! : startPostgres(),
      external.temporal ? undefined : startTemporal(),
    ]);
    const addresses: StackAddresses = {
      temporal: external.temporal ? config.temporal.address : `127.0.0.1:${ports.temporal}`,
      ...temporalUi(),
      api: `http://127.0.0.1:${ports.api}`,
      databaseUrl,
      objectsDir: config.objectsDir,
    };
    state.keepAddresses(addresses);
    const partProcess = {
      env: partEnvironment(env, stateDir, addresses, ports.api),
      logsDir,
      graceMs: config.shutdownGraceMs + EXTRA_GRACE_MS,
    };
    const parts = [...workerParts(partProcess), apiPart(addresses.api, partProcess)];
    await Promise.all(parts.map((part) => supervisor.start(part, signal)));
    return {
      addresses,
      failed: supervisor.failed,
      get processes() {
        return supervisor.processes;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function startPostgres(): Promise<string> {
    const prepared = await preparePostgres({ stateDir, port: ports.postgres });
    await supervisor.start(postgresPart(prepared, logsDir), signal);
    return prepared.url;
  }

  async function startTemporal(): Promise<void> {
    const { path } = await ensureTemporalCli({ say, signal });
    const dbFile = join(stateDir, 'temporal.db');
    const server = temporalPart({ path, port: ports.temporal, uiPort: ports.temporalUi, dbFile }, logsDir);
    await supervisor.start(server, signal);
  }

  function temporalUi(): Pick<StackAddresses, 'temporalUi'> {
    const url = external.temporal ? config.temporal.uiUrl : `http://127.0.0.1:${ports.temporalUi}`;
    return url === undefined ? {} : { temporalUi: url };
  }
}

/** Forgets everything that the stack of this folder keeps. @throws StockcastError STACK_FAILED while it runs */
export async function forgetState(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  const state = new StackState(stateDir);
  state.refuseSecond();
  await state.endLeftovers(() => {});
  await removePostgres(stateDir);
  for (const name of readdirSync(stateDir)) rmSync(join(stateDir, name), { recursive: true, force: true });
}

async function choosePorts(
  state: StackState,
  apiPort: number,
  external: { readonly temporal: boolean; readonly database: boolean },
  say: (line: string) => void,
): Promise<StackPorts> {
  const last = state.lastPorts();
  const taken = new Set<number>();
  const choose = async (what: string, preferred: number): Promise<number> => {
    const port = await freePort(preferred, taken);
    taken.add(port);
    if (preferred !== 0 && port !== preferred) say(`port ${preferred} is busy: ${what} takes ${port}`);
    return port;
  };
  const ports: StackPorts = {
    api: await choose('the API', last?.api ?? apiPort),
    temporal: external.temporal ? 0 : await choose('Temporal', last?.temporal || PREFERRED.temporal),
    temporalUi: external.temporal ? 0 : await choose('the Temporal UI', last?.temporalUi || PREFERRED.temporalUi),
    postgres: external.database ? 0 : await choose('PostgreSQL', last?.postgres || PREFERRED.postgres),
  };
  state.keepPorts(ports);
  return ports;
}

function partEnvironment(
  env: StackOptions['env'],
  stateDir: string,
  addresses: StackAddresses,
  apiPort: number,
): NodeJS.ProcessEnv {
  return {
    ...env,
    STOCKCAST_STATE_DIR: stateDir,
    STOCKCAST_OBJECTS_DIR: addresses.objectsDir,
    STOCKCAST_API_HOST: '127.0.0.1',
    STOCKCAST_API_PORT: String(apiPort),
    DATABASE_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporal,
    TEMPORAL_UI_URL: addresses.temporalUi ?? '',
  };
}

// Whoever uses a part is stopped before it.
async function stopInOrder(supervisor: Supervisor, state: StackState): Promise<void> {
  const names = supervisor.processes.map(({ name }) => name);
  await supervisor.stop(names.filter((name) => name !== 'Temporal' && name !== 'PostgreSQL'));
  await supervisor.stop(['Temporal', 'PostgreSQL']);
  state.clear();
}
