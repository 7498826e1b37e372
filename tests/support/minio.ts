import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../infra/free-port.ts';
import { ensureMinio, minioServer } from '../../infra/minio/minio-server.ts';
import type { S3Address } from '../../stores/objects/s3-connection.ts';
import { killNow } from './kill-now.ts';
import { scratchDir } from './scratch-dir.ts';

/** For hooks: the first MinIO of a machine is built from its source, behind whatever else is built then. */
export const MAKING_MS = 20 * 60_000;

/** A real MinIO on a port and a folder of its own, which can be killed and started again with what it has kept. */
export class TestMinio {
  /** Of its root user, for a bucket that is not there yet. */
  readonly address: S3Address;
  /** Folder that it keeps its data in. */
  readonly dir: string;
  readonly #path: string;
  #child: ChildProcess | undefined;

  private constructor(path: string, port: number) {
    this.#path = path;
    this.dir = scratchDir('stockcast-minio-');
    this.address = {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'stockcast',
      region: 'us-east-1',
      accessKey: 'root-of-the-tests',
      secretKey: randomBytes(12).toString('hex'),
    };
  }

  /** Makes MinIO, where the machine has none yet, and starts one. */
  static async start(): Promise<TestMinio> {
    const { path } = await ensureMinio({ say: (line) => console.error(line) });
    const minio = new TestMinio(path, await freePort(0));
    await minio.start();
    return minio;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const { accessKey, secretKey, endpoint } = this.address;
    const port = Number(new URL(endpoint).port);
    const { command, args, env } = minioServer({ path: this.#path, port, dir: this.dir, accessKey, secretKey });
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    this.#child = child;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null) throw new Error(`MinIO ended: ${said}`);
      await sleep(50);
    }
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await killNow(child);
  }

  /** Ends it with all that it has kept. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.address.endpoint}/minio/health/ready`)).ok;
    } catch {
      // Nobody listens yet.
      return false;
    }
  }
}
