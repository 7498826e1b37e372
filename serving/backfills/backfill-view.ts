import type { BackfillProgress, FailedPartitions, PartitionCounts } from '../../domain/backfill.ts';
import type { RunView } from '../run-view.ts';

/** How far a backfill is, as people and programs are given it. */
export type BackfillStand = ReturnType<typeof standAnswer>;

/** A backfill as people and programs are given it, by the API and by the CLI. */
export interface BackfillView extends Omit<RunView, 'progress' | 'result'> {
  /** How far it is, or was when it ended; absent while no worker answers. */
  readonly progress?: BackfillStand;
}

/** The failed partitions of a backfill as people and programs are given them. */
export interface FailedAnswer {
  readonly total: number;
  readonly partitions: readonly { readonly ticker: string; readonly as_of: string }[];
}

/** Puts what a backfill answers of its progress into the form of the answer. */
export function standAnswer({ stage, total, counts, running, ...rest }: BackfillProgress) {
  return {
    stage,
    total,
    counts,
    running: running.map(({ ticker, asOf, workflowId }) => ({ ticker, as_of: asOf, run_id: workflowId ?? null })),
    per_minute: rest.perMinute,
    seconds_left: rest.secondsLeft,
    failures_by_code: rest.failuresByCode,
    newest_failures: rest.newestFailures.map(({ asOf, ...failure }) => ({ ...failure, as_of: asOf })),
  };
}

/** Puts a page of failed partitions into the form of the answer. */
export function failedAnswer({ total, partitions }: FailedPartitions): FailedAnswer {
  return { total, partitions: partitions.map(({ ticker, asOf }) => ({ ticker, as_of: asOf })) };
}

/** How many partitions have ended, however they did. */
export function endedOf({ made, standing, unavailable, failed }: PartitionCounts): number {
  return made + standing + unavailable + failed;
}
