import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DataActivities } from '../activities/data.ts';
import type { ScheduledActivities } from '../activities/scheduled.ts';
import { failureReason } from '../domain/failure-reason.ts';
import { QUEUES, runAttributes } from '../domain/run.ts';
import type { IngestCounts, IngestPricesInput, IngestPricesResult, IngestUnderway } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { dueAt, sessionWhenDue } from './due-at.ts';
import { closedWhenDue, skipped } from './skipped-run.ts';
import { tellVerdict } from './verdict.ts';

const { planIngest } = proxyActivities<ScheduledActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
// What cannot be reached within minutes is left to the next hour's run; the source has retries of its own.
const { fetchPrices } = proxyActivities<DataActivities>({
  ...DATA_ACTIVITY,
  taskQueue: QUEUES.data,
  retry: { ...DATA_ACTIVITY.retry, maximumAttempts: 6 },
});

/** Sources answer a few calls a second, so that more at a time would only wait. */
const AT_A_TIME = 4;
/** Failures that a result tells of; the rest is counted. */
const SHOWN = 20;

const NOTHING: IngestCounts = { tickers: 0, rows: 0, behind: 0, failed: 0, failures: [] };

/**
 * Brings the prices of many tickers up to the newest session that had closed when the run was due, from a live source. A
 * ticker that fails fails alone; only when every one fails does the run. Large universes go on as new runs.
 */
export async function ingestPrices(input: IngestPricesInput): Promise<IngestPricesResult> {
  const begun = input.underway ?? (await toldOf(() => begin(input)));
  if ('verdict' in begun) return begun;
  const { source, session } = begun;
  const waiting = [...begun.waiting];
  let done = begun.done;
  const lane = async (): Promise<void> => {
    while (waiting.length > 0 && !workflowInfo().continueAsNewSuggested) {
      const ticker = waiting.shift()!;
      try {
        const { rows, lastSession } = await fetchPrices({ context: input.context, ticker, source, session });
        const behind = lastSession === null || lastSession < session ? 1 : 0;
        done = { ...done, tickers: done.tickers + 1, rows: done.rows + rows, behind: done.behind + behind };
      } catch (error) {
        if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
        const failures = [...done.failures, { ticker, ...failureReason(error) }].slice(0, SHOWN);
        done = { ...done, tickers: done.tickers + 1, failed: done.failed + 1, failures };
      }
    }
  };
  await toldOf(() => Promise.all(Array.from({ length: input.maxInFlight ?? AT_A_TIME }, lane)));
  if (waiting.length > 0) {
    return continueAsNew<typeof ingestPrices>({ ...input, underway: { source, session, waiting, done } });
  }
  const verdict = done.failed === 0 ? 'completed' : 'failed';
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict }));
  if (done.failed === done.tickers && done.failed > 0) {
    const reasons = done.failures.slice(0, 5).map(({ ticker, message }) => `${ticker}: ${message}`);
    throw ApplicationFailure.nonRetryable(`every ticker failed; ${reasons.join(' | ')}`, done.failures[0]!.code);
  }
  return { verdict, source, session, ...done };
}

async function toldOf<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    tellVerdict(error, () => patched('cancelled-ingest-has-verdict'));
    throw error;
  }
}

async function begin({ context, asOf, source, tickers }: IngestPricesInput) {
  const due = dueAt();
  const closed = asOf === undefined ? closedWhenDue(due) : undefined;
  if (closed !== undefined) return skipped(closed);
  const session = sessionWhenDue(asOf, due);
  upsertSearchAttributes(runAttributes({ asOf: session, stage: 'ingest' }));
  const planned = await planIngest({
    context,
    ...(source === undefined ? {} : { source }),
    ...(tickers === undefined ? {} : { tickers }),
  });
  if ('skip' in planned) return skipped(planned.skip);
  const underway: IngestUnderway = { source: planned.source, session, waiting: planned.tickers, done: NOTHING };
  return underway;
}
