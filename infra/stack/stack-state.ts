import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STACK_FILE, type StackAddresses, type StackFile, readStackFile } from '../../config/stack-file.ts';
import { StockcastError } from '../../domain/errors.ts';
import { folderLockHolder, tryFolderLock } from '../setup/folder-lock.js';
import { POSTGRES, SERVERS, TEMPORAL } from './part.ts';
import { type ProcessRecord, endProcess, stillRuns } from './process-identity.ts';

/** The ports of the stack's parts. */
export interface StackPorts {
  readonly api: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly postgres: number;
  /** Of the real services that were booted, by name. */
  readonly services?: Readonly<Record<string, number>>;
}

/** Where `npm run stack` keeps its state, within the folder of the other: what lies in MinIO is not in a folder. */
export const REAL_STATE_DIR = join('.stockcast', 'stack');

const LOCK = 'lock';
const PROCESSES = 'processes.json';
const PORTS = 'ports.json';
const LEFTOVER_GRACE_MS = 5000;

/** What the local stack writes down in its state folder, so that it can be found again, by commands and by a later start. */
export class StackState {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** The ports of the last run, which links and habits point to. */
  lastPorts(): StackPorts | undefined {
    return this.#read<StackPorts>(PORTS);
  }

  keepPorts(ports: StackPorts): void {
    this.#write(PORTS, ports);
  }

  keepProcesses(processes: readonly ProcessRecord[]): void {
    this.#write(PROCESSES, processes);
  }

  /** Says what the stack uses; commands in other terminals read it. It holds the database's password. */
  keepAddresses(addresses: StackAddresses, external: StackFile['external']): void {
    this.#write(STACK_FILE, { addresses, external } satisfies StackFile);
  }

  /**
   * What the stack of this folder uses, while any part of it runs: external servers, and those of its own that run now
   * and are not merely written down by a stack that was killed.
   * @throws StockcastError CONFIG_INVALID when a stack runs and its file is damaged
   */
  inUse(): Partial<StackAddresses> | undefined {
    const records = this.#read<readonly ProcessRecord[]>(PROCESSES) ?? [];
    const running = new Set(records.filter(stillRuns).map(({ name }) => name));
    const file = running.size === 0 ? undefined : readStackFile(this.dir);
    if (file === undefined) return undefined;
    const { temporal, temporalNamespace, temporalUi, databaseUrl, ...others } = file.addresses;
    return {
      ...others,
      ...(file.external.database || running.has(POSTGRES) ? { databaseUrl } : {}),
      ...(file.external.temporal || running.has(TEMPORAL) ? { temporal, temporalNamespace, temporalUi } : {}),
    };
  }

  /** Nothing runs any more. */
  clear(): void {
    for (const file of [STACK_FILE, PROCESSES]) rmSync(join(this.dir, file), { force: true });
  }

  /**
   * Takes the folder for this process and returns how to give it back; a process that ends gives it back in any case.
   * @throws StockcastError STACK_FAILED when another process runs the stack of this folder
   */
  claim(): () => void {
    mkdirSync(this.dir, { recursive: true });
    const path = join(this.dir, LOCK);
    const release = tryFolderLock(path);
    if (release !== undefined) return release;
    const pid = folderLockHolder(path) ?? 'unknown';
    throw new StockcastError('STACK_FAILED', {
      part: 'The local stack',
      problem: `it runs already, as process ${pid}, on ${this.dir}; use it, or stop it with Ctrl-C there`,
    });
  }

  /** Ends what a stack that was killed has left running; only processes that are surely its own. */
  async endLeftovers(say: (line: string) => void): Promise<void> {
    const leftovers = (this.#read<readonly ProcessRecord[]>(PROCESSES) ?? []).filter(stillRuns);
    if (leftovers.length > 0) {
      say(`ending what an earlier run left behind: ${leftovers.map(({ name }) => name).join(', ')}`);
    }
    // In the order of a proper stop: who uses the servers goes before them.
    const isServer = ({ name }: ProcessRecord) => SERVERS.includes(name);
    const end = (record: ProcessRecord) =>
      endProcess(record, record.name === POSTGRES ? 'SIGINT' : 'SIGTERM', LEFTOVER_GRACE_MS);
    await Promise.all(leftovers.filter((record) => !isServer(record)).map(end));
    await Promise.all(leftovers.filter(isServer).map(end));
    this.clear();
  }

  #read<T>(file: string): T | undefined {
    try {
      return JSON.parse(readFileSync(join(this.dir, file), 'utf8')) as T;
    } catch (error) {
      // Written by rename, a file is there whole or not at all; what is no JSON was touched by somebody else.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #write(file: string, value: unknown): void {
    const path = join(this.dir, file);
    // Somebody may have removed the folder while the stack runs; it has to be stopped all the same.
    mkdirSync(this.dir, { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
