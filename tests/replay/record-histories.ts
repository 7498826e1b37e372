// Records a history of each workflow from a running stack: `npm start` in another terminal, then
// `npm run histories`. Keep the old files beside the new ones for as long as runs made by older code may be in flight.
import { mkdirSync, writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { codeVersion } from '../../config/code-version.ts';
import { loadConfig } from '../../config/config.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { systemClock } from '../../domain/context.ts';
import {
  APPROVALS_QUERY,
  APPROVE_UPDATE,
  type PendingApproval,
  SEARCH_PARAMETERS,
  TRAIN_POOL,
} from '../../domain/run.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { startJudging } from '../../serving/experiment-runs.ts';
import { startExperiment, stopExperiment } from '../../serving/experiments.ts';
import { startScoring } from '../../serving/scoring-runs.ts';
import { createServices } from '../../serving/services.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { openStores } from '../../stores/open-stores.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';

const FOLDER = new URL('./histories/', import.meta.url);
const config = loadConfig(process.env, PROJECT_DIR);
const stores = openStores(config);
const services = createServices(stores, codeVersion(PROJECT_DIR));
const temporal = new TemporalGateway(config.temporal);
const context = { tenant: 'histories', principal: 'recorder', clock: systemClock };

await takeInTestUniverse(services, context);
// Another seed each time, so that the runs are new ones.
const wish = { seed: Date.now() % 2 ** 31, horizons: [1], parameters: { 'random-forest': { nTrees: 10 } } };

mkdirSync(FOLDER, { recursive: true });
await record(
  'train-universe',
  (await startUniverseTraining(services, temporal, context, { maxInFlight: 2 }, wish)).run_id,
);
await record('train-pool', await newestRun(TRAIN_POOL));
const single = { ...wish, seed: wish.seed + 1 };
await record('train-ticker', (await startTickerTraining(services, temporal, context, 'AAPL', single)).run_id);
const searched = { ...wish, seed: wish.seed + 4, kinds: ['linear'], search: { trials: 3 } };
await record(
  'train-ticker-searched',
  (await startTickerTraining(services, temporal, context, 'AAPL', searched)).run_id,
);
await record('search-parameters', await newestRun(SEARCH_PARAMETERS));
const capped = { ...searched, seed: wish.seed + 5, search: { trials: 200, maxSeconds: 1 } };
await ended((await startTickerTraining(services, temporal, context, 'AAPL', capped)).run_id);
await record('search-parameters-capped', await newestRun(SEARCH_PARAMETERS));
// Without pooled kinds: another seed must choose another model, and an adopted one may be the one that serves.
const approved = { ...wish, seed: wish.seed + 3, kinds: ['linear'], requireApproval: true };
const waiting = await startTickerTraining(services, temporal, context, 'MSFT', approved);
await approve(waiting.run_id);
await record('train-ticker-approved', waiting.run_id);
const long = {
  ...wish,
  seed: wish.seed + 2,
  parameters: { 'random-forest': { nTrees: 10_000, maxDepth: null, minSamplesLeaf: 1 } },
};
const { run_id } = await startUniverseTraining(services, temporal, context, { maxInFlight: 1 }, long);
await new Promise((resolve) => setTimeout(resolve, 4000));
await cancelRun(temporal, context, run_id);
await record('train-universe-cancelled', run_id);
// What runs as of past days forecast has matured by now.
const past = { ...wish, seed: wish.seed + 6, kinds: ['linear'] };
await ended((await startTickerTraining(services, temporal, context, 'AAPL', past, '2013-01-31')).run_id);
await record('score-forecasts', (await startScoring(services, temporal, context, {})).run_id);
await record('judge-experiments', await judgement());
await temporal.close();
await stores.close();

/** Judges two experiments that have only begun. */
async function judgement(): Promise<string> {
  for (const ticker of ['AAPL', 'MSFT']) {
    const serving = await services.ledger.production(context, ticker, 1);
    const challenger = serving?.kind === 'drift' ? 'naive' : 'drift';
    const wanted = { tickers: [ticker], horizon: 1, challenger, mode: 'shadow' } as const;
    await startExperiment(services, context, wanted);
  }
  const { run_id: judged } = await startJudging(temporal, context);
  await ended(judged);
  for (const { id } of await services.experiments.list(context, { limit: 10, running: true })) {
    await stopExperiment(services, context, id, { reason: 'recorded' });
  }
  return judged;
}

/** The id of the newest run of a workflow. */
async function newestRun(workflow: string): Promise<string> {
  for (;;) {
    const runs = temporal.call(async (client) => {
      for await (const run of client.workflow.list({ query: `WorkflowType='${workflow}'` })) return run.workflowId;
      return undefined;
    });
    const found = await runs;
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Approves the run's decision once it waits for that. */
async function approve(runId: string): Promise<void> {
  for (;;) {
    const handle = await temporal.call(async (client) => client.workflow.getHandle(runId));
    const [pending] = await handle.query<readonly PendingApproval[]>(APPROVALS_QUERY);
    if (pending !== undefined) {
      const verdict = { horizon: pending.decision.horizon, approve: true, by: 'recorder', reason: 'to be recorded' };
      await handle.executeUpdate(APPROVE_UPDATE, { args: [verdict] });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function ended(runId: string): Promise<void> {
  while ((await describeRun(temporal, context, runId)).status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function record(name: string, runId: string): Promise<void> {
  await ended(runId);
  const history = await temporal.call((client) => client.workflow.getHandle(runId).fetchHistory());
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), null, 1);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${json}\n`);
  console.log(`${name}.json: ${runId}, ${history.events?.length} events`);
}
