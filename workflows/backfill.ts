import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import {
  type BackfillInput,
  type BackfillProgress,
  type BackfillResult,
  DEFAULT_IN_FLIGHT,
  partitionSessions,
} from '../domain/backfill.ts';
import { failureReason } from '../domain/failure-reason.ts';
import { QUEUES, runAttributes } from '../domain/run.ts';
import { LIGHT_ACTIVITY } from './activity-options.ts';
import { BackfillTracker } from './backfill-tracker.ts';
import { backfillProgressQuery, failedQuery, pauseSignal, resumeSignal, retryInputQuery } from './progress.ts';
import { trainOrAwait } from './train-or-await.ts';
import { tellVerdict } from './verdict.ts';

const { planBackfill, planPartition } = proxyActivities<OrchestrationActivities>({
  ...LIGHT_ACTIVITY,
  taskQueue: QUEUES.orchestration,
});

/** Before a run of this backfill has looked at what it is asked, nothing is counted. */
const PLANNING: BackfillProgress = {
  stage: 'planning',
  total: 0,
  counts: { made: 0, standing: 0, unavailable: 0, failed: 0 },
  running: [],
  perMinute: null,
  secondsLeft: null,
  failuresByCode: {},
  newestFailures: [],
};

/**
 * Trains many tickers as of many past sessions, each partition in a child `trainTicker` that sees only what was known
 * then. Partitions are planned one by one as their turn comes, and one whose outcome is there and stands is passed over.
 *
 * A ticker's partitions are made in the order of their sessions, since each is held against what an earlier one chose;
 * the window is therefore one of tickers, `maxInFlight` at a time. One that fails fails alone.
 *
 * When Temporal suggests it, no further partition is begun, those under way come to their end, and the backfill goes on
 * as a new execution. The window stands half empty meanwhile, for one partition's time in several hundred; children
 * that outlive their parent would have saved that, and with it lost the one cancel that reaches everything below.
 */
export async function backfill(input: BackfillInput): Promise<BackfillResult> {
  requireReadable(input);
  const { context, maxInFlight = DEFAULT_IN_FLIGHT, force = false } = input;
  let tracker: BackfillTracker | undefined;
  let resolved = input.resolved;
  let pausedFirst = false;
  const showStage = (stage: string) => upsertSearchAttributes(runAttributes({ stage }));
  setHandler(backfillProgressQuery, () => tracker?.progress() ?? PLANNING);
  setHandler(failedQuery, (offset = 0) => tracker?.failed(offset) ?? { total: 0, partitions: [] });
  setHandler(retryInputQuery, () => {
    const { state: _, ...asked } = input;
    return {
      ...asked,
      ...(resolved === undefined ? {} : { resolved }),
      only: tracker?.failedSet() ?? input.only ?? '',
    };
  });
  setHandler(pauseSignal, () => {
    pausedFirst = true;
    tracker?.pause();
    showStage('paused');
  });
  setHandler(resumeSignal, () => {
    pausedFirst = false;
    tracker?.resume();
    showStage('backfill');
  });

  try {
    if (input.state === undefined) showStage(pausedFirst ? 'paused' : 'backfill');
    const { tickers, from, to, every, wish } = input;
    const scope = {
      from,
      to,
      ...(tickers === undefined ? {} : { tickers }),
      ...(every === undefined ? {} : { every }),
    };
    resolved ??= await planBackfill({
      ...{ context, maxInFlight, fields: Object.keys(input) },
      ...scope,
      ...(wish === undefined ? {} : { wish }),
    });
    tracker = new BackfillTracker(resolved.tickers, partitionSessions(input), input);
    if (pausedFirst) tracker.pause();
    const goesOn = await workThrough(tracker);
    if (goesOn) return await continueAsNew<typeof backfill>({ ...input, resolved, state: tracker.state() });
  } catch (error) {
    tellVerdict(error);
    throw error;
  }

  const result = tracker.result();
  const { failed } = result.counts;
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict: failed === 0 ? 'completed' : 'failed' }));
  if (failed > 0 && failed === result.total) {
    const { code, message } = result.newestFailures.at(-1)!;
    throw ApplicationFailure.nonRetryable(`every partition failed; the last one: ${message}`, code);
  }
  return result;

  /** Makes partitions until there are no more, or this execution's history has become long: then true. */
  async function workThrough(on: BackfillTracker): Promise<boolean> {
    const isLong = () => workflowInfo().continueAsNewSuggested;
    const lane = async (): Promise<void> => {
      for (let ticker = on.takeTicker(); ticker !== undefined; ticker = isLong() ? undefined : on.takeTicker()) {
        for (let place = on.nextOf(ticker); place !== undefined; place = on.nextOf(ticker)) {
          await condition(() => !on.paused);
          if (isLong()) return;
          await makePartition(on, place);
        }
      }
    };
    // All of them: whoever cancels wants nothing to be under way when the backfill has ended.
    const lanes = await Promise.allSettled(Array.from({ length: maxInFlight }, lane));
    const failed = lanes.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return on.state().begun.length > 0 || on.state().nextTicker < resolved!.tickers.length;
  }

  async function makePartition(
    on: BackfillTracker,
    place: { readonly ticker: string; readonly asOf: string; readonly number: number },
  ): Promise<void> {
    const { ticker, asOf } = place;
    const { plan, tickers } = resolved!;
    on.begin(place);
    try {
      const { pooled, vantage, ...planned } = await planPartition({ context, ticker, asOf, plan });
      if (planned.stands && !force) return on.end(place, 'standing');
      on.begin(place, planned.workflowId);
      const reason = await trainOrAwait(
        { ...planned, stands: planned.stands && !force },
        {
          version: 1,
          context,
          ticker,
          vantage,
          plan,
          live: false,
          nTickers: tickers.length,
          pooled,
          ...(force ? { again: true } : {}),
        },
      );
      return reason === undefined ? on.end(place, 'made') : on.end(place, 'failed', reason);
    } catch (error) {
      // A child that somebody cancelled by itself is one more partition that did not come about.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      const reason = failureReason(error);
      return reason.code === 'TOO_FEW_SESSIONS' ? on.end(place, 'unavailable') : on.end(place, 'failed', reason);
    }
  }
}

/** Inputs written by hand may lack what the type promises; a defect of this workflow would be tried again for ever. */
function requireReadable(input: Partial<BackfillInput> | undefined): void {
  const { version, context } = input ?? {};
  if (version === 1 && typeof context?.tenant === 'string' && typeof context.principal === 'string') return;
  const expected = '{"version": 1, "context": {"tenant": "default", "principal": "you"}, "from": …, "to": …}';
  const failure = ApplicationFailure.nonRetryable(`input: expected ${expected}.`, 'REQUEST_INVALID');
  tellVerdict(failure);
  throw failure;
}
