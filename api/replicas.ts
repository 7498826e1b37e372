import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { StockcastError } from '../domain/errors.ts';
import { compiledProgram } from '../infra/setup/program.js';
import { askedToStop } from './asked-to-stop.ts';
import type { ReplicaMessage } from './replica-messages.ts';
import { Switchboard } from './switchboard.ts';

const MAIN = 'api/replica-main.ts';
/** As long as a replica itself takes at most, and a little more. */
const STOP_MS = 9800;
const MAX_RESTARTS = 5;
const WINDOW_MS = 60_000;
const FIRST_PAUSE_MS = 250;

/** What is said of the replicas. */
export interface ReplicaNews {
  /** All of them listen; told once. */
  readonly onReady: (url: string) => void;
  /** One line about what happened to one of them. */
  readonly say: (line: string) => void;
}

/**
 * Runs several processes of the API behind one port until SIGTERM or SIGINT, then stops them all within 10 s. One that
 * dies is started again, a bounded number of times.
 * @param config goes to each replica as it is; plain data
 * @throws StockcastError STACK_FAILED when one can't be started, or dies for the sixth time within a minute
 */
export async function runReplicas(
  config: { readonly api: { readonly processes: number } },
  { onReady, say }: ReplicaNews,
): Promise<void> {
  // What is not a number, as a metric may be, has no place in JSON.
  const serialization = 'advanced';
  const exec = fileURLToPath(await compiledProgram(MAIN));
  cluster.setupPrimary({ exec, args: [], execArgv: ['--enable-source-maps'], serialization });
  const switchboard = new Switchboard();
  const running = new Set<Worker>();
  const deaths: number[] = [];
  let isStopping = false;
  let fail: (reason: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });

  const start = (name: string, onDeath: (how: string) => void) =>
    new Promise<string>((resolve) => {
      const worker = cluster.fork();
      let problem: string | undefined;
      running.add(worker);
      worker.on('message', (message: ReplicaMessage) => {
        if (typeof message === 'string') worker.send(config);
        else if ('ready' in message) {
          switchboard.add(worker);
          resolve(message.ready);
        } else if ('failed' in message) problem = message.failed;
        else switchboard.receive(worker, message);
      });
      worker.once('exit', (code, signal) => {
        running.delete(worker);
        switchboard.remove(worker);
        if (!isStopping) onDeath(problem ?? `${name} (pid ${worker.process.pid}) was ended by ${signal ?? code}`);
      });
    });

  const restart = (name: string) => async (how: string) => {
    const now = Date.now();
    const recent = deaths.filter((at) => at > now - WINDOW_MS);
    deaths.splice(0, deaths.length, ...recent, now);
    if (recent.length >= MAX_RESTARTS) {
      fail(new StockcastError('STACK_FAILED', { part: 'The API', problem: `${how}, again and again` }));
      return;
    }
    const pauseMs = FIRST_PAUSE_MS * 2 ** recent.length;
    say(`${how}; it is started again in ${pauseMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    if (isStopping) return;
    await start(name, (again) => void restart(name)(again));
    say(`${name} is back`);
  };

  const first = async (name: string) => {
    let isReady = false;
    const url = await start(name, (how) => {
      if (isReady) void restart(name)(how);
      else fail(new StockcastError('STACK_FAILED', { part: 'The API', problem: how }));
    });
    isReady = true;
    return url;
  };

  const asked = askedToStop();
  try {
    const names = Array.from({ length: config.api.processes }, (_, i) => `API process ${i + 1}`);
    const all = Promise.all(names.map(first)).then(([url]) => onReady(url!));
    await Promise.race([all.then(() => asked), asked, failed]);
  } finally {
    isStopping = true;
    await stopAll(running);
  }
}

async function stopAll(running: ReadonlySet<Worker>): Promise<void> {
  const ended = [...running].map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  for (const worker of running) worker.process.kill('SIGTERM');
  const late = setTimeout(() => {
    for (const worker of running) worker.process.kill('SIGKILL');
  }, STOP_MS);
  await Promise.all(ended);
  clearTimeout(late);
}
