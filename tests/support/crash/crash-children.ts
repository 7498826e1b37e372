import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compiledProgram } from '../../../infra/setup/program.js';

/** Processes that do one write each, told by a line of JSON. They are started ahead, since that takes longer than a write. */
export class CrashChildren<Job extends object> {
  readonly #program: string;
  readonly #ready: ChildProcess[];

  private constructor(program: string, ahead: number) {
    this.#program = program;
    this.#ready = Array.from({ length: ahead }, () => this.#start());
  }

  /** @param entry what they run, beside this file */
  static async create<Job extends object>(
    ahead: number,
    entry: 'child.ts' | 'mlflow-child.ts',
  ): Promise<CrashChildren<Job>> {
    return new CrashChildren(fileURLToPath(await compiledProgram(`tests/support/crash/${entry}`)), ahead);
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
  }

  #start(): ChildProcess {
    return spawn(process.execPath, [this.#program], { stdio: ['pipe', 'inherit', 'inherit'] });
  }
}
