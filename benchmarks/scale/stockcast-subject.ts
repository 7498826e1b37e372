import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { QUEUES, type TrainUniverseResult } from '../../domain/run.ts';
import { WORKER_ENV } from '../../infra/stack/parts.ts';
import { AT_HAND } from '../../serving/mlflow/pipeline-story.ts';
import { startUniverseTraining } from '../../serving/runs.ts';
import type { TemporalGateway } from '../../serving/temporal-gateway.ts';
import type { Ground } from './ground.ts';
import { cpuSeconds, peakMb, watchMemory } from './process-cost.ts';
import { WARM_UP_TICKERS } from './resampled-universe.ts';
import { ended, withTemporal } from './temporal-ground.ts';
import { CONTEXT, type Cost, IN_FLIGHT_PER_WORKER, WORK, cpuBetween } from './work.ts';

const COMMAND = fileURLToPath(new URL('../../cli/stockcast.js', import.meta.url));
const ACTIVITY_SCHEDULED = 10;
const PAGE = 1000;

/** The universe through the real pipeline: a Temporal with its state in a file, and worker processes of one thread each. */
export async function runStockcast(ground: Ground, nWorkers: number): Promise<Cost> {
  return withTemporal(ground, async ({ gateway, address, serverPid }) => {
    const workers: ChildProcess[] = [];
    try {
      for (let i = 0; i < nWorkers; i++) workers.push(startWorker(ground, address));
      await Promise.all(workers.map(ready));
      const maxInFlight = IN_FLIGHT_PER_WORKER * nWorkers;
      await train(ground, gateway, { tickers: WARM_UP_TICKERS, maxInFlight });
      const before = await countActivities(gateway);
      const pids = workers.map(({ pid }) => pid!);
      const cpu = () => ({
        work: cpuSeconds(pids),
        temporal: cpuSeconds([serverPid]),
        postgres: cpuSeconds([ground.postgresPid]),
      });
      const cpuBefore = cpu();
      const watched = watchMemory(pids);
      const began = performance.now();
      const tickers = (await ground.services.bars.tickers(CONTEXT)).map(({ ticker }) => ticker);
      const measured = tickers.filter((ticker) => !WARM_UP_TICKERS.includes(ticker));
      await train(ground, gateway, { tickers: measured, maxInFlight });
      const wallS = (performance.now() - began) / 1000;
      const cpuS = cpuBetween(cpuBefore, cpu());
      const memory = { peakMb: peakMb(pids), quarterPeaksMb: watched() };
      return { wallS, cpuS, ...memory, activities: (await countActivities(gateway)) - before };
    } finally {
      await Promise.all(workers.map(ended));
    }
  });
}

async function train(
  { services }: Ground,
  gateway: TemporalGateway,
  request: { readonly tickers: readonly string[]; readonly maxInFlight: number },
): Promise<void> {
  const { run_id: id } = await startUniverseTraining(services, gateway, CONTEXT, request, WORK);
  const { outcomes } = (await gateway.client.workflow.getHandle(id).result()) as TrainUniverseResult;
  const failed = outcomes.find(({ status }) => status !== 'completed');
  if (failed !== undefined) throw new Error(`${failed.ticker} failed: ${failed.message}`);
}

function startWorker(ground: Ground, temporalAddress: string): ChildProcess {
  const queues = Object.values(QUEUES).flatMap((queue) => ['--queue', queue]);
  return spawn(process.execPath, [COMMAND, 'worker', ...queues], {
    env: {
      ...WORKER_ENV,
      ...process.env,
      STOCKCAST_STATE_DIR: ground.stateDir,
      STOCKCAST_OBJECTS_DIR: ground.objectsDir,
      DATABASE_URL: ground.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      STOCKCAST_TRAINING_SLOTS: '1',
    },
    // Its log would drown what the bench says.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function ready(worker: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    createInterface({ input: worker.stdout! }).on('line', (line) => {
      if (line.startsWith('worker ready')) resolve();
    });
    worker.once('exit', (code) => reject(new Error(`a worker ended instead of polling, with code ${code}`)));
  });
}

/** Activities of all runs, tried once or more often, by way of the server or within a workflow task. */
async function countActivities({ client }: TemporalGateway): Promise<number> {
  let n = 0;
  for await (const { workflowId, runId } of client.workflow.list({ pageSize: PAGE })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    n += (events ?? []).filter(
      ({ eventType, markerRecordedEventAttributes: marker }) =>
        Number(eventType) === ACTIVITY_SCHEDULED || marker?.markerName === AT_HAND,
    ).length;
  }
  return n;
}
