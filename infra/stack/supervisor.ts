import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StockcastError } from '../../domain/errors.ts';
import type { Part } from './part.ts';
import { type ProcessRecord, endProcess, killGroup, recordOf } from './process-identity.ts';

export interface SupervisorOptions {
  /** Told in one line what happens to the parts. */
  readonly say: (line: string) => void;
  /** Told the processes that run whenever that changes, so that they can be found again after a kill. */
  readonly onProcesses: (records: readonly ProcessRecord[]) => void;
  /** How often a part is restarted within `windowMs` before the stack gives up. */
  readonly maxRestarts?: number;
  readonly windowMs?: number;
  readonly firstBackoffMs?: number;
}

interface Running {
  readonly part: Part;
  readonly child: ChildProcess;
  readonly record: ProcessRecord;
  /** Where in the log, in bytes, this process's own output begins. */
  readonly logStart: number;
}

const TAIL_LINES = 10;

/** Runs parts as child processes, restarts those that die, a bounded number of times, and stops them all. */
export class Supervisor {
  /** Settles with the reason when a part died more often than it is restarted. */
  readonly failed: Promise<Error>;
  readonly #options: Required<SupervisorOptions>;
  readonly #running = new Map<string, Running>();
  readonly #deaths = new Map<string, number[]>();
  readonly #restarts = new Map<string, number>();
  readonly #stopping = new AbortController();
  #fail!: (reason: Error) => void;

  constructor(options: SupervisorOptions) {
    this.#options = { maxRestarts: 5, windowMs: 60_000, firstBackoffMs: 250, ...options };
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** The processes that run now, with how often each part was restarted. */
  get processes(): readonly (ProcessRecord & { readonly restarts: number })[] {
    return [...this.#running.values()].map(({ record }) => ({
      ...record,
      restarts: this.#restarts.get(record.name) ?? 0,
    }));
  }

  /**
   * Starts a part and waits until it is ready.
   * @throws StockcastError STACK_FAILED with the end of its log, when it ends or takes too long
   */
  async start(part: Part, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    either.throwIfAborted();
    const running = this.#spawn(part);
    try {
      await this.#untilReady(running, either);
    } catch (error) {
      await this.#end(running);
      throw error;
    }
    this.#watch(running);
  }

  /**
   * Stops the parts with these names, side by side; they are not restarted any more. One that cannot be ended keeps none
   * of the others from being so.
   * @throws Error naming a process that outlives SIGKILL
   */
  async stop(names: readonly string[]): Promise<void> {
    this.#stopping.abort(new Error('the stack is stopped'));
    const running = names.flatMap((name) => this.#running.get(name) ?? []);
    const outcomes = await Promise.allSettled(running.map((one) => this.#end(one)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Kills what still runs, without waiting; for a process that ends in haste. */
  killAll(): void {
    this.#stopping.abort(new Error('the stack is stopped'));
    for (const { record } of this.#running.values()) killGroup(record);
  }

  #spawn(part: Part): Running {
    if (existsSync(part.logFile) && !this.#restarts.has(part.name)) renameSync(part.logFile, `${part.logFile}.1`);
    const log = openSync(part.logFile, 'a');
    const logStart = fstatSync(log).size;
    // A process group of its own, so that Ctrl-C in the terminal reaches only the supervisor, which stops in order.
    const child = spawn(part.command, part.args, { ...part.spawnOptions, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.on('error', () => {});
    const record = child.pid === undefined ? undefined : recordOf(part.name, child.pid);
    const running = {
      part,
      child,
      logStart,
      record: record ?? { name: part.name, pid: child.pid ?? -1, startedAt: 'never' },
    };
    this.#running.set(part.name, running);
    this.#tell();
    return running;
  }

  async #untilReady({ part, child, logStart }: Running, signal: AbortSignal): Promise<void> {
    const output = () => readFileSync(part.logFile).subarray(logStart).toString();
    const timeout = AbortSignal.timeout(part.readyTimeoutMs);
    const exited = new AbortController();
    const onExit = () =>
      exited.abort(this.#broken(part, `it ended with ${child.signalCode ?? `code ${child.exitCode}`}`));
    child.once('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) onExit();
    const any = AbortSignal.any([signal, timeout, exited.signal]);
    const aborted = new Promise<never>((_, reject) => {
      any.addEventListener('abort', () => reject(any.reason), { once: true });
      if (any.aborted) reject(any.reason);
    });
    try {
      await Promise.race([part.ready(output, any), aborted]);
    } catch (error) {
      if (exited.signal.aborted) throw exited.signal.reason;
      signal.throwIfAborted();
      if (timeout.aborted) throw this.#broken(part, `it was not ready after ${part.readyTimeoutMs / 1000} s`);
      throw error;
    } finally {
      child.off('exit', onExit);
    }
  }

  #watch(running: Running): void {
    const { part, child } = running;
    const died = () => {
      if (this.#stopping.signal.aborted) return;
      void this.#restart(part, `${child.signalCode ?? `code ${child.exitCode}`}`);
    };
    if (child.exitCode !== null || child.signalCode !== null) died();
    else child.once('exit', died);
  }

  async #restart(part: Part, how: string): Promise<void> {
    const { say, maxRestarts, windowMs, firstBackoffMs } = this.#options;
    const now = Date.now();
    const deaths = [...(this.#deaths.get(part.name) ?? []), now].filter((at) => now - at < windowMs);
    this.#deaths.set(part.name, deaths);
    this.#running.delete(part.name);
    this.#tell();
    if (deaths.length > maxRestarts) {
      this.#fail(this.#broken(part, `it died ${deaths.length} times within ${windowMs / 1000} s`));
      return;
    }
    say(`${part.name} died (${how}); restarting it (${deaths.length} of at most ${maxRestarts})`);
    try {
      await sleep(firstBackoffMs * 2 ** (deaths.length - 1), undefined, { signal: this.#stopping.signal });
      this.#restarts.set(part.name, (this.#restarts.get(part.name) ?? 0) + 1);
      await this.start(part, this.#stopping.signal);
      say(`${part.name} is back`);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      await this.#restart(part, error instanceof Error ? error.message.split('\n')[0]! : String(error));
    }
  }

  async #end(running: Running): Promise<void> {
    const { part, record } = running;
    await endProcess(record, part.stopSignal, part.graceMs);
    if (this.#running.get(part.name) === running) this.#running.delete(part.name);
    this.#tell();
  }

  #tell(): void {
    this.#options.onProcesses([...this.#running.values()].map(({ record }) => record));
  }

  #broken(part: Part, problem: string): StockcastError {
    const tail = readLog(part.logFile).trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
    const end = tail === '' ? '' : `, which ends with:\n${tail}\n`;
    return new StockcastError('STACK_FAILED', {
      part: part.name,
      problem: `${problem}; its log is ${part.logFile}${end}`,
    });
  }
}

// The folder may have been removed while the stack ran; what went wrong is to be said all the same.
function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
