// Records runs of a ticker that do not go smoothly: `node --import tsx tests/replay/record-troubled-histories.ts`. A real
// server and the real workflow over stubbed activities. Needs no running stack. Keep the old files beside the new ones,
// as with record-histories.ts.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { APPROVALS_QUERY, type PendingApproval, SEARCH_ATTRIBUTES } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { type StubbedRun, runStubbed } from '../support/stubbed-ticker.ts';

const FOLDER = new URL('./histories/', import.meta.url);

const RUNS: Readonly<Record<string, StubbedRun>> = {
  'train-ticker-promoted-by-server': {
    changed: (stubs) => {
      let attempts = 0;
      return {
        promote: async (input) => {
          attempts++;
          if (attempts === 1) throw new Error('the database is away');
          return stubs.promote(input);
        },
      };
    },
  },
  'train-ticker-failed': {
    changed: () => ({
      forecast: async () => {
        throw ApplicationFailure.nonRetryable('the model is gone', 'MODEL_MISSING');
      },
    }),
  },
  'train-ticker-cancelled': {
    live: true,
    wish: { requireApproval: true },
    meanwhile: async (run) => {
      while ((await run.query<readonly PendingApproval[]>(APPROVALS_QUERY)).length === 0) await sleep(100);
      await run.cancel();
    },
  },
};

const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
const searchAttributes = SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const }));
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'existing-path', path }, searchAttributes },
});
const at = { address: environment.address, namespace: 'default' };
const temporal = new TemporalGateway({ ...at, uiUrl: undefined });
const workflows = { workflowBundle: await keptWorkflowBundle() };
for (const [name, how] of Object.entries(RUNS)) {
  const { run, events } = await runStubbed({ temporal, at, workflows }, how);
  const json = JSON.stringify(JSON.parse(historyToJSON(await run.fetchHistory())));
  writeFileSync(new URL(`${name}.json`, FOLDER), json);
  console.log(`${name}.json: ${events.length} events`);
}
await temporal.close();
await environment.teardown();
