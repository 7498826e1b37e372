import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../infra/free-port.ts';
import { type RedisProgram, redisServer } from '../../infra/redis/redis-server.ts';
import { killNow } from './kill-now.ts';

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
    this.#child = spawn(this.#program.path, redisServer(this.#port, tmpdir()), {
      env: this.#program.env,
      stdio: 'ignore',
    });
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.ping();
    client.disconnect();
  }

  /** Ends it at once, with all that it holds. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await killNow(child);
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
