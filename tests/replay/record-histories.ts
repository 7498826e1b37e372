// Records a history of each workflow from a running stack: `npm start` in another terminal, then
// `npm run histories`. Keep the old files beside the new ones for as long as runs made by older code may be in flight.
import { mkdirSync, writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { codeVersion } from '../../config/code-version.ts';
import { loadConfig } from '../../config/config.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { systemClock } from '../../domain/context.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
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
const single = { ...wish, seed: wish.seed + 1 };
await record('train-ticker', (await startTickerTraining(services, temporal, context, 'AAPL', single)).run_id);
const long = {
  ...wish,
  seed: wish.seed + 2,
  parameters: { 'random-forest': { nTrees: 10_000, maxDepth: null, minSamplesLeaf: 1 } },
};
const { run_id } = await startUniverseTraining(services, temporal, context, { maxInFlight: 1 }, long);
await new Promise((resolve) => setTimeout(resolve, 4000));
await cancelRun(temporal, context, run_id);
await record('train-universe-cancelled', run_id);
await temporal.close();
await stores.close();

async function record(name: string, runId: string): Promise<void> {
  while ((await describeRun(temporal, context, runId)).status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const history = await temporal.call((client) => client.workflow.getHandle(runId).fetchHistory());
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), null, 1);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${json}\n`);
  console.log(`${name}.json: ${runId}, ${history.events?.length} events`);
}
