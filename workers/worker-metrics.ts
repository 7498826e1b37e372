import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { StockcastError } from '../domain/errors.ts';
import { undefinedWhenFailing } from './undefined-when-failing.ts';
import type { WorkerBuild } from './worker-build.ts';

const PREFIX = 'stockcast_';
const LOOPBACK = '127.0.0.1';
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];

/** What a worker process has done: its activities, how long they took and how many records they handled. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #core: () => Promise<string | undefined>;
  readonly #duration = new Histogram({
    name: `${PREFIX}activity_duration_seconds`,
    help: 'Time that an attempt of an activity took',
    labelNames: ['activity', 'outcome'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly #records = new Counter({
    name: `${PREFIX}activity_records_total`,
    help: 'Rows that activities have handled',
    labelNames: ['activity'],
    registers: [this.registry],
  });
  readonly #running = new Gauge({
    name: `${PREFIX}activities_in_flight`,
    help: 'Activities that run now',
    labelNames: ['activity'],
    registers: [this.registry],
  });

  /**
   * @param core reads the metrics of Temporal's core, which are given along with these
   * @param say told once where they cannot be read
   */
  constructor(core?: () => Promise<string>, say: (line: string) => void = (line) => console.error(line)) {
    const orNone = undefinedWhenFailing("the metrics of Temporal's core cannot be read", say);
    this.#core = async () => (core === undefined ? undefined : orNone(core));
    collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
  }

  /** Says which code the worker runs. */
  tellBuild({ id, deployment, pinned }: WorkerBuild): void {
    new Gauge({
      name: `${PREFIX}worker_build_info`,
      help: 'Always 1; the code that this worker runs',
      labelNames: ['build_id', 'deployment', 'versioning'],
      registers: [this.registry],
    }).set({ build_id: id, deployment, versioning: pinned ? 'pinned' : 'off' }, 1);
  }

  /** Counts and times every attempt; names of activities come from our own code, so labels are bounded. */
  readonly interceptor: ActivityInterceptorsFactory = (context) => ({
    inbound: {
      execute: async (input, next) => {
        const activity = context.info.activityType;
        const started = performance.now();
        let outcome = 'failed';
        this.#running.inc({ activity });
        try {
          const result = await next(input);
          outcome = 'completed';
          this.#records.inc({ activity }, rowsOf(result));
          return result;
        } finally {
          this.#running.dec({ activity });
          this.#duration.observe({ activity, outcome }, (performance.now() - started) / 1000);
        }
      },
    },
  });

  /**
   * Gives the metrics at `http://HOST:PORT/metrics`; port 0 takes any free one.
   * @throws StockcastError STACK_FAILED when the port is taken
   */
  async listen(port: number, host: string = LOOPBACK): Promise<{ readonly url: string; close(): Promise<void> }> {
    const server = createServer((request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      this.#text().then(
        (text) => response.setHeader('Content-Type', this.registry.contentType).end(text),
        (error: unknown) => response.destroy(error as Error),
      );
    });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const problem = `${host}:${port} cannot be listened on: ${(cause as Error).message}`;
      throw new StockcastError('STACK_FAILED', { part: "The worker's metrics", problem }, { cause });
    }
    const url = `http://${host}:${(server.address() as AddressInfo).port}/metrics`;
    return { url, close: () => closed(server) };
  }

  // Its names begin with another prefix, so that the two make one text.
  async #text(): Promise<string> {
    const [own, core] = await Promise.all([this.registry.metrics(), this.#core()]);
    return core === undefined ? own : own + core;
  }
}

async function closed(server: Server): Promise<void> {
  const done = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await done;
}

function rowsOf(result: unknown): number {
  const rows = (result as { readonly rows?: unknown } | undefined)?.rows;
  return typeof rows === 'number' ? rows : 0;
}
