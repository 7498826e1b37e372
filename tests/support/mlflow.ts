import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../infra/free-port.ts';
import { type MlflowProgram, ensureMlflow } from '../../infra/mlflow/mlflow-program.ts';
import { type MlflowServer, startMlflow } from '../../infra/mlflow/mlflow-server.ts';

/** Finds MLflow, or installs it; for the top of a test file, since that takes as long as it takes. */
export function installedMlflow(): Promise<MlflowProgram> {
  return ensureMlflow((line) => console.error(line));
}

/** A real MLflow on a port and a folder of its own, which can be killed and started again with what it held. */
export class TestMlflow {
  readonly url: string;
  readonly #program: MlflowProgram;
  readonly #dir = mkdtempSync(join(tmpdir(), 'stockcast-mlflow-'));
  readonly #port: number;
  #server: MlflowServer | undefined;

  private constructor(program: MlflowProgram, port: number) {
    this.#program = program;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(program: MlflowProgram): Promise<TestMlflow> {
    const mlflow = new TestMlflow(program, await freePort(0));
    await mlflow.start();
    return mlflow;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    this.#server = await startMlflow(this.#program, this.#dir, this.#port);
  }

  /** Ends it at once, as a machine that goes away does. */
  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
