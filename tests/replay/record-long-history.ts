// Records a universe that is so large that it goes on as a new run: `node --import tsx tests/replay/record-long-history.ts`.
// A real server and the real workflow, over activities and children that end at once: the history of the universe says
// nothing of what they did. Needs no running stack.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { QUEUES, SEARCH_ATTRIBUTES, TRAIN_UNIVERSE, type TrainUniverseInput } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { trainingPlan } from '../../serving/planning.ts';

const FOLDER = new URL('./histories/', import.meta.url);
const N_TICKERS = 600;

const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
const searchAttributes = SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const }));
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'existing-path', path }, searchAttributes },
});
const { client, nativeConnection: connection } = environment;
const workflowsPath = fileURLToPath(new URL('./quick-children.ts', import.meta.url));
const worker = await Worker.create({
  connection,
  taskQueue: QUEUES.orchestration,
  workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') }),
  activities: {
    planTicker: async ({ ticker }: { ticker: string }) => ({
      workflowId: `train/histories/${ticker}/2013-03-01/${ticker.toLowerCase()}`,
      lastSession: '2013-03-01',
      stands: false,
    }),
  },
});
const now = new Date().toISOString();
const input: TrainUniverseInput = {
  version: 1,
  context: { tenant: 'histories', principal: 'recorder' },
  tickers: Array.from({ length: N_TICKERS }, (_, index) => `T${String(index).padStart(4, '0')}`),
  vantage: { asOf: '2013-03-01', knownAt: now },
  plan: trainingPlan({ seed: 7, horizons: [1], kinds: ['linear'] }),
  maxInFlight: 8,
};
await worker.runUntil(async () => {
  const workflowId = 'train-universe/histories/2013-03-01/long';
  const handle = await client.workflow.start(TRAIN_UNIVERSE, {
    workflowId,
    taskQueue: QUEUES.orchestration,
    args: [input],
  });
  await handle.result();
  const history = await client.workflow.getHandle(workflowId, handle.firstExecutionRunId).fetchHistory();
  mkdirSync(FOLDER, { recursive: true });
  const json = JSON.stringify(JSON.parse(historyToJSON(history)));
  writeFileSync(new URL('train-universe-long.json.gz', FOLDER), gzipSync(json, { level: 9 }));
  console.log(`train-universe-long.json.gz: ${history.events?.length} events, ${json.length} characters`);
});
await environment.teardown();
