import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TemporalGateway } from '../../serving/temporal-gateway.ts';
import type { Ground } from './ground.ts';
import { N_ACTIVITIES } from './no-op-workflow.ts';
import { cpuSeconds, peakMb } from './process-cost.ts';
import { withTemporal } from './temporal-ground.ts';
import { type Cost, IN_FLIGHT_PER_WORKER, NO_OP_QUEUE, cpuBetween } from './work.ts';

const MAIN = fileURLToPath(new URL('./no-op-main.ts', import.meta.url));
const WARM_UP_RUNS = 50;
const RUNS = 50;

/** Runs of activities that do nothing, on an equal server: the least that activities take on this machine just now. */
export async function runNoOps(ground: Ground, nWorkers: number): Promise<Cost> {
  return withTemporal(ground, async ({ gateway, address, serverPid }) => {
    const workers = Array.from({ length: nWorkers }, () =>
      fork(MAIN, [address], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    try {
      await Promise.all(workers.map(ready));
      const inFlight = IN_FLIGHT_PER_WORKER * nWorkers;
      await runMany(gateway, 'warm-up', WARM_UP_RUNS, inFlight);
      const pids = workers.map(({ pid }) => pid!);
      const cpu = () => ({ work: cpuSeconds(pids), temporal: cpuSeconds([serverPid]) });
      const before = cpu();
      const began = performance.now();
      await runMany(gateway, 'measured', RUNS, inFlight);
      const wallS = (performance.now() - began) / 1000;
      return { wallS, cpuS: cpuBetween(before, cpu()), peakMb: peakMb(pids), activities: RUNS * N_ACTIVITIES };
    } finally {
      for (const worker of workers) if (worker.connected) worker.send('end');
      await Promise.all(exits);
    }
  });
}

async function runMany({ client }: TemporalGateway, name: string, nRuns: number, inFlight: number): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < nRuns) {
      const workflowId = `${name}-${begun++}`;
      await client.workflow.execute('noOps', { workflowId, taskQueue: NO_OP_QUEUE });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

function ready(worker: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('exit', (code) => reject(new Error(`a worker ended instead of polling, with code ${code}`)));
  });
}
