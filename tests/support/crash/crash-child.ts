import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CrashJob } from './child.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Processes that do one write each. They are started ahead, since a start takes longer than a write. */
export class CrashChildren {
  readonly #ready: ReturnType<typeof start>[] = [];

  constructor(ahead: number) {
    for (let i = 0; i < ahead; i++) this.#ready.push(start());
  }

  /** Does one write in a process of its own; tells how that ended, and the points passed if it lived to say so. */
  async run(job: CrashJob): Promise<{ ended: number | NodeJS.Signals; points: readonly string[] }> {
    this.#ready.push(start());
    const { child, output } = this.#ready.shift()!;
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    child.stdin.end(`${JSON.stringify(job)}\n`);
    const [code, signal] = await ended;
    const text = await output;
    return { ended: signal ?? code!, points: text === '' ? [] : (JSON.parse(text) as string[]) };
  }

  /** Ends those that nothing came for. */
  async close(): Promise<void> {
    await Promise.all(
      this.#ready.splice(0).map(async ({ child }) => {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }),
    );
  }
}

function start() {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const output = once(child, 'close').then(() => Buffer.concat(chunks).toString().trim());
  return { child, output };
}
