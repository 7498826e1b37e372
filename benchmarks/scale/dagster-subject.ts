import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../peers/python-environment.ts';
import type { Ground } from './ground.ts';
import { cpuSeconds, heldMb } from './process-cost.ts';
import { WARM_UP_TICKERS } from './resampled-universe.ts';
import type { Cost } from './work.ts';

const JOB = fileURLToPath(new URL('../peers/dagster_peer.py', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('../peers/dagster-requirements.txt', import.meta.url));

/** How often it is looked at what its processes hold: a step lives for seconds. */
const WATCH_MS = 500;
const LOG_CHARS = 4000;

/** The universe as a Dagster job with scikit-learn's models, with as many processes at a time as workers. */
export async function runDagster(ground: Ground, nProcesses: number, say: (text: string) => void): Promise<Cost> {
  const python = await pythonEnvironment(say, { requirements: REQUIREMENTS });
  const home = join(ground.stateDir, 'dagster');
  mkdirSync(home, { recursive: true });
  const job = spawn(python, [JOB, ground.pricesPath, home, String(nProcesses), String(WARM_UP_TICKERS.length)], {
    env: { ...process.env, DAGSTER_HOME: home, DAGSTER_DISABLE_TELEMETRY: 'yes', DO_NOT_TRACK: '1' },
    stdio: 'pipe',
  });
  // A line of log for each step; told only where something went wrong.
  let log = '';
  job.stderr.on('data', (chunk) => {
    log = `${log}${String(chunk)}`.slice(-LOG_CHARS);
  });
  const ended = once(job, 'exit');
  const lines = createInterface({ input: job.stdout })[Symbol.asyncIterator]();
  const said = async (word: string): Promise<number> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const [first, second] = line.value.split(' ');
      if (first === word) return Number(second);
    }
    throw new Error(`the Dagster job ended before it was ${word}`, { cause: new Error(log) });
  };
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, heldMb(job.pid!));
  }, WATCH_MS);
  try {
    await said('ready');
    const before = cpuSeconds([job.pid!]);
    job.stdin.write('go\n');
    const wallS = await said('done');
    // The server that forks its steps, and has waited for them, is still there.
    return { wallS, cpuS: { work: cpuSeconds([job.pid!]) - before }, peakMb: peak };
  } finally {
    clearInterval(watch);
    job.stdin.end();
    await ended;
  }
}
