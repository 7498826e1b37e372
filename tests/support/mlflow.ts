import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../infra/free-port.ts';
import { type MlflowProgram, ensureMlflow } from '../../infra/mlflow/mlflow-program.ts';
import { type MlflowServer, startMlflow } from '../../infra/mlflow/mlflow-server.ts';
import { scratchDir } from './scratch-dir.ts';

const LOG_CHARS = 6000;
const METRICS = `
import json, sqlite3, sys
database = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
value = 'CASE WHEN is_nan THEN NULL ELSE value END'
rows = database.execute(f'SELECT run_uuid, key, step, {value} FROM metrics ORDER BY run_uuid, key, step, timestamp')
print(json.dumps([dict(zip(('runId', 'key', 'step', 'value'), row)) for row in rows]))
`;

/** A value that a run's metric had. */
export interface MetricRow {
  readonly runId: string;
  readonly key: string;
  readonly step: number;
  /** Null where that was no number. */
  readonly value: number | null;
}

/** Finds MLflow, or installs it; for the top of a test file, since that takes as long as it takes. */
export function installedMlflow(): Promise<MlflowProgram> {
  return ensureMlflow((line) => console.error(line));
}

/** A real MLflow on a port and a folder of its own, which can be killed and started again with what it held. */
export class TestMlflow {
  readonly url: string;
  readonly #program: MlflowProgram;
  readonly #dir = scratchDir('stockcast-mlflow-');
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

  /** Every value that any metric ever had, read where MLflow keeps them: asking it costs a call for each metric. */
  async metricRows(): Promise<MetricRow[]> {
    const args = ['-c', METRICS, join(this.#dir, 'mlflow.db')];
    const { stdout } = await promisify(execFile)('python3', args, { maxBuffer: 64e6 });
    return JSON.parse(stdout) as MetricRow[];
  }

  /** Ends it at once, as a machine that goes away does. */
  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  /** Ends it and removes what it held; says what it failed at that it should not have, if anything. */
  async remove(): Promise<void> {
    await this.kill();
    const log = readFileSync(join(this.#dir, 'mlflow.log'), 'utf8');
    const defect = log.lastIndexOf('Exception on /');
    if (defect >= 0) console.error(`MLflow: ${log.slice(defect, defect + LOG_CHARS)}`);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** A way to an MLflow that can be cut: after so many calls, the answer to the last of which is lost. */
export class CuttableWay {
  readonly url: string;
  readonly #server: Server;
  #left = Number.POSITIVE_INFINITY;
  #used: () => void = () => undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async to(mlflowUrl: string): Promise<CuttableWay> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const way = new CuttableWay(server, (server.address() as AddressInfo).port);
    server.on('request', (incoming, outgoing) => {
      if (way.#left <= 0) {
        incoming.socket.destroy();
        return;
      }
      way.#left -= 1;
      const isLast = way.#left === 0;
      if (isLast) way.#used();
      const { method, url = '/', headers } = incoming;
      const onward = request(new URL(url, mlflowUrl), { method, headers }, (answer) => {
        if (isLast) answer.resume().on('end', () => incoming.socket.destroy());
        else answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers));
      });
      onward.on('error', () => incoming.socket.destroy());
      incoming.pipe(onward);
    });
    return way;
  }

  /** Lets so many calls pass from now on; settles when the last of them begins. */
  allow(calls: number): Promise<void> {
    this.#left = calls;
    return new Promise((resolve) => {
      this.#used = resolve;
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
