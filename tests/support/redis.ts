import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from '../../infra/free-port.ts';
import { withFolderLock } from '../../infra/setup/folder-lock.js';
import { cacheDir } from '../../infra/go-program.ts';

const run = promisify(execFile);
/** On Debian the server is a link into the tools, and needs libraries that not every machine has. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'];

/** How a real redis-server is run on this machine; a text says why none can be had. */
export type RedisProgram = { readonly path: string; readonly env: NodeJS.ProcessEnv } | string;

/** Finds redis-server on PATH or in the user's cache, or unpacks Debian's packages into the cache, without root. */
export async function ensureRedis(): Promise<RedisProgram> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'redis-server');
    if (existsSync(path)) return { path, env: process.env };
  }
  const home = join(cacheDir(), 'redis');
  return withFolderLock(`${home}.lock`, {}, async () => {
    if (!existsSync(home)) {
      const dir = mkdtempSync(`${home}-unfinished-`);
      try {
        await run('apt-get', ['download', ...PACKAGES], { cwd: dir });
        for (const file of readdirSync(dir)) await run('dpkg', ['-x', file, 'unpacked'], { cwd: dir });
        renameSync(join(dir, 'unpacked'), home);
      } catch (error) {
        return `there is no redis-server, and Debian's packages can't be unpacked: ${(error as Error).message}`;
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
    const libraries = readdirSync(join(home, 'usr', 'lib')).map((name) => join(home, 'usr', 'lib', name));
    return {
      path: join(home, 'usr', 'bin', 'redis-server'),
      env: { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) },
    };
  });
}

/** A real Redis on a port of its own, which can be killed and started again, empty. */
export class TestRedis {
  readonly url: string;
  readonly #program: Exclude<RedisProgram, string>;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(program: Exclude<RedisProgram, string>, port: number) {
    this.#program = program;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(program: Exclude<RedisProgram, string>): Promise<TestRedis> {
    const redis = new TestRedis(program, await freePort(0));
    await redis.start();
    return redis;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const args = ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
    this.#child = spawn(this.#program.path, args, { env: this.#program.env, stdio: 'ignore' });
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.ping();
    client.disconnect();
  }

  /** Ends it at once, with all that it holds. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Leaves connections open and answers nothing, until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** Asks again until what is said holds; the test's own time-out bounds it. */
export async function eventually(assertion: () => unknown): Promise<void> {
  for (;;) {
    if (await assertion()) return;
    await sleep(20);
  }
}
