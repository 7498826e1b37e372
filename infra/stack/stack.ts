import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../config/config.ts';
import type { StackAddresses } from '../../config/stack-file.ts';
import { freePort } from '../free-port.ts';
import { preparePostgres } from '../postgres/embedded-postgres.ts';
import { removePostgres } from '../postgres/postgres-home.ts';
import { ensureTemporalCli } from '../temporal/temporal-cli.ts';
import { type PreparedService, REAL_SERVICES } from './real-services.ts';
import { SERVERS } from './part.ts';
import { apiPart, postgresPart, temporalPart, workerParts } from './parts.ts';
import { type StackPorts, StackState } from './stack-state.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

const PREFERRED = { api: 3000, temporal: 7233, temporalUi: 8233, postgres: 5433 };
/** How long a part gets beyond the grace time that it knows of. */
const EXTRA_GRACE_MS = 5000;

/** Between finding a port free and listening on it, another program may be quicker. */
const MAX_TRIES = 3;
const PORT_TAKEN = /address already in use|EADDRINUSE|is in use|port \d+ is busy/i;

export interface StackOptions {
  /** The environment that names external parts and settings; the local parts get it with the addresses added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Whether real services take the place of what is embedded: MinIO of the folder, and so on. */
  readonly real?: boolean;
  /** How often, and how soon, what dies is started again; the supervisor's own measure by default. */
  readonly supervision?: Pick<SupervisorOptions, 'maxRestarts' | 'windowMs' | 'firstBackoffMs'>;
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
 * Boots the local stack as separate processes on 127.0.0.1 (the API where `STOCKCAST_API_HOST` says): PostgreSQL and
 * Temporal side by side, with `real` also Redis, MinIO and the like, then the workers and the API. What the environment
 * names (`DATABASE_URL`, `TEMPORAL_ADDRESS`) is used and not booted. When anything fails,
 * or the signal aborts, what was started is stopped again.
 * @throws StockcastError STACK_FAILED naming the part, its log and what it says
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  // What a killed stack has left written down is not this one's configuration.
  const config = loadConfig(options.env, options.cwd, () => undefined);
  const state = new StackState(config.stateDir);
  const release = state.claim();
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(options, config, state, release);
    } catch (error) {
      if (tries < MAX_TRIES && PORT_TAKEN.test(String(error)) && !options.signal.aborted) {
        options.say('somebody took a port just before the stack did; trying with others');
        continue;
      }
      release();
      throw error;
    }
  }
}

async function startOnce(
  options: StackOptions,
  config: Config,
  state: StackState,
  release: () => void,
): Promise<Stack> {
  const onProcesses = (parts: Parameters<SupervisorOptions['onProcesses']>[0]) => state.keepProcesses(parts);
  const supervisor = new Supervisor({ ...options.supervision, say: options.say, onProcesses });
  // Whatever ends this process in haste, a second Ctrl-C above all, must not leave the parts behind.
  const killAll = () => supervisor.killAll();
  process.once('exit', killAll);
  const stopParts = () => stopInOrder(supervisor, state).finally(() => process.off('exit', killAll));
  try {
    const addresses = await boot(options, config, state, supervisor);
    let stopped: Promise<void> | undefined;
    return {
      addresses,
      failed: supervisor.failed,
      get processes() {
        return supervisor.processes;
      },
      stop: () => {
        stopped ??= stopParts().finally(release);
        return stopped;
      },
    };
  } catch (error) {
    await stopParts();
    throw error;
  }
}

/** Forgets everything that the stack of this folder keeps. @throws StockcastError STACK_FAILED while it runs */
export async function forgetState(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  const state = new StackState(stateDir);
  const release = state.claim();
  try {
    await state.endLeftovers(() => {});
    await removePostgres(stateDir);
    for (const name of readdirSync(stateDir).filter((entry) => !isOfAnotherStack(join(stateDir, entry)))) {
      rmSync(join(stateDir, name), { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

function isOfAnotherStack(dir: string): boolean {
  return existsSync(join(dir, 'ports.json'));
}

async function boot(
  options: StackOptions,
  config: Config,
  state: StackState,
  supervisor: Supervisor,
): Promise<StackAddresses> {
  const { env, say, signal: interrupted, real = false } = options;
  const { stateDir, external } = config;
  await state.endLeftovers(say);
  const logsDir = join(stateDir, 'logs');
  mkdirSync(logsDir, { recursive: true });
  // A port that somebody asked for goes before the one of the last run.
  const apiPort = env.STOCKCAST_API_PORT ? config.api.port : undefined;
  const wanted = real ? REAL_SERVICES.filter((service) => !service.isExternal(config)) : [];
  const ports = await choosePorts(state, { host: config.api.host, port: apiPort }, external, wanted, say);

  // As soon as one part has failed, those on their way are given up; nothing is on its way when this function ends.
  const failing = new AbortController();
  const signal = AbortSignal.any([interrupted, failing.signal]);
  const together = async (tasks: readonly Promise<void>[]): Promise<void> => {
    for (const task of tasks) task.catch((error: unknown) => failing.abort(error));
    await Promise.allSettled(tasks);
    signal.throwIfAborted();
  };

  let databaseUrl = config.database.url!;
  const startPostgres = async (): Promise<void> => {
    const prepared = await preparePostgres({ stateDir, port: ports.postgres });
    databaseUrl = prepared.url;
    await supervisor.start(postgresPart(prepared, logsDir), signal);
  };
  const startTemporal = async (): Promise<void> => {
    const { path } = await ensureTemporalCli({ say, signal });
    const dbFile = join(stateDir, 'temporal.db');
    const server = temporalPart({ path, port: ports.temporal, uiPort: ports.temporalUi, dbFile }, logsDir);
    await supervisor.start(server, signal);
  };
  const api = `${reachable(config.api.host)}:${ports.api}`;
  const settings: Record<string, string> = {};
  const startService = async ({ name, prepare }: (typeof wanted)[number]): Promise<void> => {
    const where = { stateDir, logsDir, port: ports.services?.[name] ?? 0, api, say, signal };
    const prepared: PreparedService | undefined = await prepare(where);
    if (prepared === undefined) return;
    await supervisor.start(prepared.part, signal);
    Object.assign(settings, prepared.settings);
    say(`${name} runs on 127.0.0.1:${where.port}`);
  };
  await together([
    ...(external.database ? [] : [startPostgres()]),
    ...(external.temporal ? [] : [startTemporal()]),
    ...wanted.map(startService),
  ]);
  // What workers and API will read from these settings, other commands are to find, too.
  const { s3, redisUrl, mlflow } = loadConfig({ ...env, ...settings }, options.cwd, () => undefined);

  const temporalUi = external.temporal ? config.temporal.uiUrl : `http://127.0.0.1:${ports.temporalUi}`;
  const addresses: StackAddresses = {
    temporal: external.temporal ? config.temporal.address : `127.0.0.1:${ports.temporal}`,
    temporalNamespace: config.temporal.namespace,
    ...(temporalUi === undefined ? {} : { temporalUi }),
    api: `http://${api}`,
    databaseUrl,
    objectsDir: config.objectsDir,
    ...(s3 === undefined ? {} : { s3 }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(mlflow === undefined ? {} : { mlflowUri: mlflow.uri }),
  };
  state.keepAddresses(addresses, external);
  const partProcess = {
    env: partEnvironment({ ...env, ...settings }, stateDir, addresses, ports.api),
    logsDir,
    graceMs: config.shutdownGraceMs + EXTRA_GRACE_MS,
  };
  const parts = [...workerParts(partProcess), apiPart(addresses.api, partProcess)];
  await together(parts.map((part) => supervisor.start(part, signal)));
  return addresses;
}

async function choosePorts(
  state: StackState,
  api: { readonly host: string; readonly port: number | undefined },
  external: { readonly temporal: boolean; readonly database: boolean },
  wanted: typeof REAL_SERVICES,
  say: (line: string) => void,
): Promise<StackPorts> {
  const last = state.lastPorts();
  const taken = new Set<number>();
  const choose = async (what: string, preferred: number, host = '127.0.0.1'): Promise<number> => {
    const port = await freePort(preferred, taken, host);
    taken.add(port);
    if (preferred !== 0 && port !== preferred) say(`port ${preferred} is busy: ${what} takes ${port}`);
    return port;
  };
  const basic = {
    api: await choose('the API', api.port ?? last?.api ?? PREFERRED.api, api.host),
    temporal: external.temporal ? 0 : await choose('Temporal', last?.temporal || PREFERRED.temporal),
    temporalUi: external.temporal ? 0 : await choose('the Temporal UI', last?.temporalUi || PREFERRED.temporalUi),
    postgres: external.database ? 0 : await choose('PostgreSQL', last?.postgres || PREFERRED.postgres),
  };
  const services: Record<string, number> = {};
  for (const { name, port } of wanted) services[name] = await choose(name, last?.services?.[name] ?? port);
  const ports: StackPorts = { ...basic, ...(wanted.length === 0 ? {} : { services }) };
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
    STOCKCAST_API_PORT: String(apiPort),
    DATABASE_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporal,
    TEMPORAL_UI_URL: addresses.temporalUi ?? '',
  };
}

/** The host by which this machine reaches a server that listens on `host`, as it stands in an address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

// Whoever uses a part is stopped before it.
async function stopInOrder(supervisor: Supervisor, state: StackState): Promise<void> {
  const names = supervisor.processes.map(({ name }) => name);
  try {
    await supervisor.stop(names.filter((name) => !SERVERS.includes(name)));
  } finally {
    await supervisor.stop(SERVERS);
  }
  state.clear();
}
