import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

export const BIN = fileURLToPath(new URL('../../cli/stockcast.js', import.meta.url));

/** A real worker process, as `npx stockcast worker` starts it, or any other script that is one. */
export class WorkerProcess {
  text = '';
  readonly child: ChildProcess;
  /** Settles with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;

  /** `settings` are added to the environment of this process. */
  constructor(settings: Readonly<Record<string, string>>, args = [BIN, 'worker', '--queue', 'stockcast-training']) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.child = spawn(process.execPath, args, { env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(code ?? signal!)));
  }

  async ready(): Promise<void> {
    await vi.waitFor(
      () => {
        if (!this.text.includes('worker ready')) throw new Error(`the worker is not ready: ${this.text}`);
      },
      { timeout: 120_000, interval: 50 },
    );
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.ended;
  }
}
