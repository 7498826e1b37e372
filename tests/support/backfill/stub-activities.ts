import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { DataActivities } from '../../../activities/data.ts';
import type { OrchestrationActivities } from '../../../activities/orchestration.ts';
import type { TrainingActivities } from '../../../activities/training.ts';
import { endOfDay } from '../../../domain/calendar.ts';
import type { TrainingPlan } from '../../../domain/run.ts';

const PLAN: TrainingPlan = {
  horizons: [1],
  kinds: ['naive'],
  pooledKinds: [],
  members: {},
  window: 504,
  scaleTargets: true,
  embargo: 0,
  seed: 7,
  requireApproval: false,
  parameters: {},
};

const NAIVE = { modelId: 'naive', kind: 'naive' };

/** What stubbed activities leave behind: a folder that several worker processes share and that outlives them. */
export class StubRecord {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Partitions as `TICKER SESSION` that are to fail from now on. */
  plant(partitions: readonly string[]): void {
    writeFileSync(join(this.#dir, 'planted.json'), JSON.stringify(partitions));
  }

  isPlanted(partition: string): boolean {
    return (JSON.parse(readFileSync(join(this.#dir, 'planted.json'), 'utf8')) as string[]).includes(partition);
  }

  /** Notes that the forecast models of a partition were promoted. */
  promote(partition: string): void {
    appendFileSync(join(this.#dir, 'promoted'), `${partition}\n`);
  }

  /** What was promoted, in that order; what was interrupted between doing and saying so is in it twice. */
  promoted(): string[] {
    const path = join(this.#dir, 'promoted');
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }
}

/**
 * All that `backfill` and `trainTicker` ask of activities, without data or models: a partition stands once it was
 * promoted, and those that were planted fail.
 */
export function stubActivities(record: StubRecord) {
  const data: Pick<DataActivities, 'ingest' | 'preprocess'> = {
    async ingest({ ticker, vantage: { asOf } }) {
      if (record.isPlanted(`${ticker} ${asOf}`)) {
        throw ApplicationFailure.nonRetryable(`the data of ${ticker} as of ${asOf} is damaged`, 'OBJECT_DAMAGED');
      }
      return { id: `${ticker} ${asOf}`, key: 'dataset', rows: 1, firstSession: asOf, lastSession: asOf };
    },
    preprocess: async () => ({ key: 'features', featureSet: 'stub', rows: 1 }),
  };
  const training: Pick<TrainingActivities, 'train' | 'evaluate'> = {
    async train() {
      await sleep(20);
      return { modelId: NAIVE.modelId, reused: false };
    },
    evaluate: async () => ({ reused: false }),
  };
  const orchestration: Omit<OrchestrationActivities, 'planTicker' | 'awaitRun' | 'awaitUniverse'> = {
    planBackfill: async ({ tickers = [] }) => ({ tickers, plan: PLAN }),
    planPartition: async ({ context: { tenant }, ticker, asOf }) => ({
      workflowId: `train/${tenant}/${ticker}/${asOf}/stub`,
      lastSession: asOf,
      stands: record.promoted().includes(`${ticker} ${asOf}`),
      vantage: { asOf, knownAt: endOfDay(asOf) },
      pooled: [],
    }),
    decide: async ({ horizon }) => ({
      ...{ ...NAIVE, horizon, fallback: true, certificateId: 'none', reasons: [] },
      otherwise: NAIVE,
    }),
    async promote({ ticker, asOf, live, decision: { horizon } }) {
      if (live) throw ApplicationFailure.nonRetryable('a backfill must never be live');
      record.promote(`${ticker} ${asOf}`);
      return { ...NAIVE, horizon, movedLive: false };
    },
    draw: async () => {},
    forecast: async () => ({ notes: [] }),
  };
  return { ...data, ...training, ...orchestration };
}
