import { StockcastError } from '../../domain/errors.ts';
import type { FailureReason } from '../../domain/failure-reason.ts';
import type { BackfillView } from '../../serving/backfills/backfill-view.ts';
import type { RunView } from '../../serving/run-view.ts';
import { parkedLine } from '../tables/parked-tables.ts';

/** A ticker that could not be trained, or, with an empty ticker, the run as a whole. */
export interface RunFailure extends FailureReason {
  readonly ticker: string;
}

/** What failed in a run that has ended, or is parked in one that was left; empty when all went well. */
export function failuresOf(run: RunView): RunFailure[] {
  const { result, failure, status } = run;
  if (status === 'running') {
    return (run.progress ?? []).flatMap(({ ticker, parked, failure: failed }) => {
      if (parked !== undefined) return [{ ticker, code: parked.code, message: `it is ${parkedLine(parked)}` }];
      return failed === undefined ? [] : [{ ticker, ...failed }];
    });
  }
  if (result !== undefined && 'outcomes' in result) {
    return result.outcomes
      .filter((outcome) => outcome.status === 'failed')
      .map(({ ticker, code, message }) => ({
        ticker,
        code: code ?? 'RUN_FAILED',
        message: message ?? 'no reason given',
      }));
  }
  if (status === 'completed') return [];
  if (failure !== undefined && status === 'failed') return [{ ticker: '', ...failure }];
  return [{ ticker: '', code: 'RUN_FAILED', message: `it was ${status.replace('_', ' ')}` }];
}

/** Whether nothing of a running run goes on until a person mends what is parked. */
export function isParked({ status, progress = [] }: RunView): boolean {
  const open = progress.filter((state) => state.status === 'running' || state.status === 'waiting');
  return status === 'running' && open.length > 0 && open.every(({ parked }) => parked !== undefined);
}

/** One failure as a line. */
export function failureLine({ ticker, code, message }: RunFailure): string {
  return `${ticker === '' ? '' : `${ticker}: `}${message} (${code})`;
}

/** The error of a run in which something failed. */
export function runFailed(runId: string, failures: readonly RunFailure[]): StockcastError {
  return failedBecause(runId, failures.map(failureLine).join('; '));
}

/** The error of a backfill that has ended, if it failed or some of its partitions did. */
export function backfillFailed({ run_id: id, status, failure, progress }: BackfillView): StockcastError | undefined {
  const failed = progress?.counts.failed ?? 0;
  if (status === 'completed' && failed === 0) return undefined;
  return failedBecause(id, failure?.message ?? `${failed} of its partitions failed`);
}

// The message ends in a full stop itself.
function failedBecause(run: string, reason: string): StockcastError {
  return new StockcastError('RUN_FAILED', { run, reason: reason.replace(/\.$/, '') });
}
