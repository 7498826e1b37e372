// Records a history of each workflow from a running stack: `npm start` in another terminal, then
// `npm run histories`. Keep the old files beside the new ones for as long as runs made by older code may be in flight.
import { mkdirSync, writeFileSync } from 'node:fs';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { codeVersion } from '../../config/code-version.ts';
import { loadConfig } from '../../config/config.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { addSessions, closeOf } from '../../domain/calendar.ts';
import { systemClock } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import {
  APPROVALS_QUERY,
  APPROVE_UPDATE,
  type PendingApproval,
  SEARCH_PARAMETERS,
  TRAIN_POOL,
} from '../../domain/run.ts';
import { startDaily, startJudging } from '../../serving/daily-runs.ts';
import { acceptParked, correctParked, listParked } from '../../serving/parked-runs.ts';
import { pauseBackfill, resumeBackfill, startBackfill } from '../../serving/backfills/backfills.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { startExperiment, stopExperiment } from '../../serving/experiments.ts';
import { applySchedules } from '../../serving/schedules/apply-schedules.ts';
import { createServices } from '../../serving/services.ts';
import { type PriceFiles, takeInPrices } from '../../serving/take-in-prices.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { openStores } from '../../stores/open-stores.ts';
import { scheduleEntry } from '../support/schedule-entry.ts';
import { samplePrices, takeInTestUniverse, withFile } from '../support/test-universe.ts';

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
// Without candidates none passes, so that the gate parks what has sound data.
const parked = {
  ...wish,
  seed: wish.seed + 6,
  kinds: [],
  parking: { onBadData: 'park', onFailedGate: 'park', giveUpAfterMs: 3_600_000 },
} as const;
const good = samplePrices(['AAPL'], 300);
// One day's prices a hundredfold, as if in cents.
const bad = good
  .split('\n')
  .map((line, i) => (i === 150 ? line.replace(/(\d+\.\d+)/g, (price) => (Number(price) * 100).toFixed(2)) : line))
  .join('\n');
const said = { by: 'recorder', reason: 'to be recorded' };
await withPrices(bad, (files) => takeInPrices(services, context, files));
const mended = (await startUniverseTraining(services, temporal, context, { maxInFlight: 1 }, parked)).run_id;
const child = await parkedRun('AAPL', 'ingest');
await parkedRun('MSFT', 'promote');
await withPrices(good, (files) => correctParked(services, temporal, context, { runId: mended, files, ...said }));
await parkedRun('AAPL', 'promote');
await acceptParked(temporal, context, { runId: mended, ...said });
await record('train-universe-parked', mended);
await record('train-ticker-parked', child, await continuedExecution(child));
await record('train-ticker-corrected', child);
await withPrices(bad, (files) => takeInPrices(services, context, files));
const accepted = await startTickerTraining(services, temporal, context, 'AAPL', { ...parked, seed: wish.seed + 7 });
for (const stage of ['ingest', 'promote']) {
  await acceptParked(temporal, context, { runId: await parkedRun('AAPL', stage), ...said });
}
await record('train-ticker-accepted', accepted.run_id);
await withPrices(good, (files) => takeInPrices(services, context, files));
const long = {
  ...wish,
  seed: wish.seed + 2,
  parameters: { 'random-forest': { nTrees: 10_000, maxDepth: null, minSamplesLeaf: 1 } },
};
const { run_id } = await startUniverseTraining(services, temporal, context, { maxInFlight: 1 }, long);
await new Promise((resolve) => setTimeout(resolve, 4000));
await cancelRun(temporal, context, run_id);
await record('train-universe-cancelled', run_id);
await recordScheduled();
// What runs as of past days forecast has matured by now.
const past = { ...wish, seed: wish.seed + 6, kinds: ['linear'] };
await ended((await startTickerTraining(services, temporal, context, 'AAPL', past, '2013-01-31')).run_id);
await record('score-forecasts', (await startDaily(services, temporal, context, 'score', {})).run_id);
await record('monitor-drift', (await startDaily(services, temporal, context, 'drift', {})).run_id);
await record('judge-experiments', await judgement());
// backfill-continued.json is the first execution of one on a server whose limit.historyCount.suggestContinueAsNew is 60.
const days = { from: '2012-12-03', to: '2013-02-01', every: 21 };
const { requireApproval: _, ...quick } = { ...approved, seed: wish.seed + 6 };
const backfill = (await startBackfill(services, temporal, context, { ...days, wish: quick })).run_id;
await pauseBackfill(temporal, context, backfill);
await resumeBackfill(temporal, context, backfill);
await record('backfill', backfill);
const slow = { ...long, seed: wish.seed + 7 };
const calledOff = (await startBackfill(services, temporal, context, { ...days, wish: slow })).run_id;
await new Promise((resolve) => setTimeout(resolve, 4000));
await cancelRun(temporal, context, calledOff);
await record('backfill-cancelled', calledOff);
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
  for (const id of await services.experiments.running(context)) {
    await stopExperiment(services, context, id, { reason: 'recorded' });
  }
  return judged;
}

/** Backfills schedules of one day each: what is known up to then needs no price source. */
async function recordScheduled(): Promise<void> {
  const entry = { times: [{ hour: 18 }], jitter: { upTo: 0, because: 'recorded' } };
  await applySchedules(temporal, context, [
    scheduleEntry({ ...entry, name: 'ingest', workflow: 'ingestPrices', input: { source: 'yahoo' } }),
    scheduleEntry({ ...entry, input: { horizons: [1], kinds: ['linear'] } }),
  ]);
  // Another day each time, so that the training is a new one.
  const session = addSessions('2013-03-01', -(wish.seed % 250));
  const due = async (name: string, date: string) => {
    const evening = new Date(closeOf(date).getTime() + 2 * 3_600_000);
    const start = new Date(evening.getTime() - 60_000);
    const overlap = ScheduleOverlapPolicy.BUFFER_ALL;
    const handle = temporal.client.schedule.getHandle(`stockcast/${context.tenant}/${name}`);
    await temporal.call(() => handle.backfill({ start, end: evening, overlap }));
    return `${name}/${context.tenant}/due-${evening.toISOString().replace('.000Z', 'Z')}`;
  };
  await record('ingest-prices', await due('ingest', session));
  await record('ingest-prices-skipped', await due('ingest', '2012-12-25'));
  await record('retrain', await due('retrain', session));
  await record('retrain-skipped', await due('retrain', '2012-10-29'));
  await applySchedules(temporal, context, []);
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

/** The parked run of a ticker, once it is parked at a stage. */
async function parkedRun(ticker: string, stage: string): Promise<string> {
  for (;;) {
    const found = (await listParked(temporal, context)).parked.find((run) => run.ticker === ticker);
    if (found?.stage === stage) return found.run_id;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The execution of a run that went on as a new one. */
async function continuedExecution(runId: string): Promise<string> {
  const query = `WorkflowId = '${runId}' AND ExecutionStatus = 'ContinuedAsNew'`;
  return temporal.call(async (client) => {
    for await (const execution of client.workflow.list({ query })) return execution.runId;
    throw new Error(`${runId} did not go on as a new execution`);
  });
}

function withPrices<T>(text: string, body: (files: PriceFiles) => Promise<T>): Promise<T> {
  return withFile(text, (pricesPath) =>
    body({ pricesPath, pricesName: 'prices.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
}

async function ended(runId: string): Promise<void> {
  while (!(await isThere(runId))) await new Promise((resolve) => setTimeout(resolve, 500));
  while ((await describeRun(temporal, context, runId)).status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** A schedule starts what is backfilled a moment later. */
async function isThere(runId: string): Promise<boolean> {
  try {
    await describeRun(temporal, context, runId);
    return true;
  } catch (error) {
    if (error instanceof StockcastError && error.code === 'RUN_UNKNOWN') return false;
    throw error;
  }
}

/** Keeps the history of a run's newest execution, or of another one. */
async function record(name: string, runId: string, execution?: string): Promise<void> {
  await ended(runId);
  const history = await temporal.call((client) => client.workflow.getHandle(runId, execution).fetchHistory());
  // Traces name places of the machine that it was recorded on.
  const withoutTraces = (key: string, value: unknown) => (key === 'stackTrace' ? '' : value);
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), withoutTraces, 1);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${json}\n`);
  console.log(`${name}.json: ${runId}, ${history.events?.length} events`);
}
