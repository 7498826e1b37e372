import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { JUDGE_EXPERIMENTS } from '../../domain/experiment.ts';
import { QUEUES } from '../../domain/run.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { freshNamespace } from '../support/temporal.ts';
import { BIN, WorkerProcess } from '../support/worker-process.ts';

// What a worker's composition root puts together, seen from without.
const CONTEXT = { tenant: 'default', principal: 'tester' };
const GRACE_MS = 300;
/** Whoever supervises workers kills them this long after the grace time. */
const KILL_MS = 5000;

const dir = mkdtempSync(join(tmpdir(), 'stockcast-worker-process-'));
let at: Awaited<ReturnType<typeof freshNamespace>>;
let temporal: TemporalGateway;
const started: WorkerProcess[] = [];
/** Accepts connections and never answers. */
const silent: Server = createServer(() => {});

beforeAll(async () => {
  at = await freshNamespace();
  temporal = new TemporalGateway({ ...at, uiUrl: undefined });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.end('SIGKILL')));
});
afterAll(async () => {
  silent.close();
  await temporal?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function startWorker(settings: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const common = {
    TEMPORAL_ADDRESS: at.address,
    TEMPORAL_NAMESPACE: at.namespace,
    STOCKCAST_OBJECTS_DIR: join(dir, 'objects'),
    STOCKCAST_STATE_DIR: join(dir, 'state'),
    STOCKCAST_SHUTDOWN_GRACE_MS: String(GRACE_MS),
  };
  const worker = new WorkerProcess({ ...common, ...settings }, [BIN, 'worker']);
  started.push(worker);
  await worker.ready();
  return worker;
}

function startJudging(workflowId: string) {
  const args = [{ version: 1, context: CONTEXT, asOf: '2024-03-15' }];
  return temporal.client.workflow.start(JUDGE_EXPERIMENTS, { workflowId, taskQueue: QUEUES.orchestration, args });
}

it('ends by itself while a database never answers, and says what it cut off', async () => {
  const { port } = silent.address() as AddressInfo;
  const worker = await startWorker({ DATABASE_URL: `postgres://me@127.0.0.1:${port}/none` });
  const run = await startJudging('silent');
  await once(silent, 'connection');
  const asked = performance.now();
  expect(await worker.end('SIGTERM')).toBe(1);
  expect(performance.now() - asked).toBeLessThan(GRACE_MS + KILL_MS);
  expect(worker.text).toContain('cut off, since it did not end within the grace time: planJudgement of silent;');
  await run.terminate();
}, 180_000);
