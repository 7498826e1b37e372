import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compiledProgram } from '../../../infra/setup/program.js';

const SCRIPT = 'tests/support/backfill/stub-worker.ts';

/** What a worker process of stubs works on. */
export interface StubWork {
  readonly address: string;
  readonly namespace: string;
  /** Folder of the `StubRecord`. */
  readonly dir: string;
  /** File with the bundled workflows. */
  readonly bundle: string;
}

/** A worker process of stubs that polls its queues. */
export class WorkerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid!;
  }

  static async start({ address, namespace, dir, bundle }: StubWork, script: string = SCRIPT): Promise<WorkerProcess> {
    const args = [fileURLToPath(await compiledProgram(script)), address, namespace, dir, bundle];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout }))
      if (line === 'ready') return new WorkerProcess(child);
    throw new Error(`the worker ended before it was ready, with ${child.exitCode ?? child.signalCode}`);
  }

  /** Ends it as the machine's going away would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
