// A worker process of the bench `backfill`: `backfill-worker.ts ADDRESS NAMESPACE BUNDLE LONGEST`, the
// last in milliseconds. Prints `ready` when it polls.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { PlannedPartition, ResolvedBackfill } from '../../domain/backfill.ts';
import { endOfDay } from '../../domain/calendar.ts';
import { sha256Hex } from '../../domain/identity.ts';
import { QUEUES, type TrainingPlan } from '../../domain/run.ts';

export type BackfillStubs = typeof stubs;

const PLAN: TrainingPlan = {
  ...{ horizons: [1], kinds: ['naive'], pooledKinds: [], members: {}, window: 504, scaleTargets: true, embargo: 0 },
  ...{ seed: 7, requireApproval: false, parameters: {} },
};

const [address, namespace, bundle, longest] = process.argv.slice(2) as [string, string, string, string];

const stubs = {
  planBackfill: async ({ tickers }: { tickers: readonly string[] }): Promise<ResolvedBackfill> => ({
    tickers,
    plan: PLAN,
  }),
  planPartition: async ({
    context: { tenant },
    ticker,
    asOf,
  }: {
    context: { readonly tenant: string };
    ticker: string;
    asOf: string;
  }): Promise<PlannedPartition> => ({
    workflowId: `train/${tenant}/${ticker}/${asOf}/stub`,
    lastSession: asOf,
    stands: false,
    vantage: { asOf, knownAt: endOfDay(asOf) },
    pooled: [],
  }),
  /** The same partition takes as long each time, a quarter of the longest on average. */
  stubTraining: async ({ ticker, asOf }: { ticker: string; asOf: string }): Promise<void> => {
    const share = Number.parseInt(sha256Hex(`${ticker} ${asOf}`).slice(0, 6), 16) / 0xffffff;
    await sleep(Number(longest) * share ** 3);
  },
};

Runtime.install({ logger: new DefaultLogger('ERROR') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  ...{ namespace, taskQueue: QUEUES.orchestration, activities: stubs },
  workflowBundle: { code: readFileSync(bundle, 'utf8') },
});
const running = worker.run();
console.log('ready');
await running;
