import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { PROJECT_DIR } from '../../../config/project-dir.ts';

/**
 * Processes that do one write each, told by a line of JSON. They are bundled and started ahead, since loading the sources takes several times as
 * long as a write.
 */
export class CrashChildren<Job extends object> {
  readonly #dir: string;
  readonly #ready: ChildProcess[];

  private constructor(dir: string, ahead: number) {
    this.#dir = dir;
    this.#ready = Array.from({ length: ahead }, () => this.#start());
  }

  /** @param entry what they run, beside this file */
  static async create<Job extends object>(
    ahead: number,
    entry: 'child.ts' | 'mlflow-child.ts',
  ): Promise<CrashChildren<Job>> {
    const cache = join(PROJECT_DIR, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    const dir = mkdtempSync(join(cache, 'crash-'));
    await build({
      entryPoints: [fileURLToPath(new URL(`./${entry}`, import.meta.url))],
      outfile: join(dir, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      // The one file that looks beside itself is tests/support/test-universe.ts.
      define: { 'import.meta.url': JSON.stringify(new URL('../', import.meta.url).href) },
      logLevel: 'warning',
    });
    return new CrashChildren(dir, ahead);
  }

  /** Does one write in a process of its own, and tells how that ended. */
  async run(job: Job): Promise<number | NodeJS.Signals> {
    this.#ready.push(this.#start());
    const child = this.#ready.shift()!;
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    child.stdin!.end(`${JSON.stringify(job)}\n`);
    const [code, signal] = await ended;
    return signal ?? code!;
  }

  /** Ends those that nothing came for. */
  async close(): Promise<void> {
    for (const child of this.#ready.splice(0)) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #start(): ChildProcess {
    return spawn(process.execPath, [join(this.#dir, 'child.mjs')], { stdio: ['pipe', 'inherit', 'inherit'] });
  }
}
