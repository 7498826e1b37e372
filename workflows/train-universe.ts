import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  continueAsNew,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import { failureReason } from '../domain/failure-reason.ts';
import {
  QUEUES,
  type TickerOutcome,
  type TrainPoolInput,
  type TrainPoolResult,
  type TrainUniverseInput,
  type TrainUniverseResult,
  runAttributes,
} from '../domain/run.ts';
import { WAITING_ACTIVITY } from './activity-options.ts';
import { lightActivities } from './light-activities.ts';
import { parkedSignal, universeProgressQuery } from './progress.ts';
import { trainOrAwait } from './train-or-await.ts';
import { trainPool } from './train-pool.ts';
import { tellVerdict } from './verdict.ts';

const { awaitRun } = proxyActivities<OrchestrationActivities>({ ...WAITING_ACTIVITY, taskQueue: QUEUES.orchestration });

// From here on a run must go on as a new one, also when some of its tickers are parked; the server ends it at 51,200.
const MOST_EVENTS = 20_000;

/**
 * Trains many tickers, each in a child `trainTicker`, at most `maxInFlight` at a time. A ticker that fails fails alone
 * and is reported; only when every one fails does the run fail. Large universes go on as new runs, so that no history
 * grows long.
 */
export async function trainUniverse(input: TrainUniverseInput): Promise<TrainUniverseResult> {
  const { context, vantage, plan, live = true, maxInFlight } = input;
  const done: TickerOutcome[] = [...(input.done ?? [])];
  const finished = new Set(done.map(({ ticker }) => ticker));
  const waiting = input.tickers.filter((ticker) => !finished.has(ticker));
  const running = new Map<string, string>();
  // A parked ticker takes nobody's place: the next one goes on in its lane.
  const parked = new Set<string>();
  const free = new Map<string, () => void>();
  setHandler(parkedSignal, (ticker) => {
    if (!running.has(ticker)) return;
    parked.add(ticker);
    free.get(ticker)?.();
  });
  let poolWorkflowId: string | undefined;
  setHandler(universeProgressQuery, () => ({
    waiting: [...waiting],
    running: [...running].map(([ticker, workflowId]) => ({ ticker, workflowId })),
    done,
    ...(poolWorkflowId === undefined ? {} : { poolWorkflowId }),
  }));
  upsertSearchAttributes(runAttributes({ stage: 'train' }));

  const notes = [...(input.notes ?? [])];
  let pooled = input.pooled ?? [];
  const fitPool = async ({ id, tickers }: NonNullable<TrainUniverseInput['pool']>): Promise<void> => {
    poolWorkflowId = `train-pool/${context.tenant}/${id}`;
    try {
      const trained = await trainPoolOnce(poolWorkflowId, { version: 1, context, tickers, vantage, plan });
      pooled = trained.models;
      notes.push(...trained.notes);
    } catch (error) {
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      notes.push(`There are no pooled models: ${failureReason(error).message}`);
    }
    poolWorkflowId = undefined;
  };

  const { planTicker } = lightActivities({ isAtHand: () => patched('light-activities-at-hand') });
  const trainOne = async (ticker: string): Promise<TickerOutcome> => {
    let workflowId = '';
    const pool = input.pool === undefined || pooled.length === 0 ? {} : { pool: input.pool.id };
    try {
      const planned = await planTicker({ context, ticker, vantage, plan, live, ...pool });
      workflowId = planned.workflowId;
      running.set(ticker, workflowId);
      const reason = await trainOrAwait(planned, {
        version: 1,
        context,
        ticker,
        vantage,
        plan,
        live,
        nTickers: input.tickers.length,
        pooled,
      });
      return reason === undefined
        ? { ticker, status: 'completed', workflowId }
        : { ticker, status: 'failed', workflowId, ...reason };
    } catch (error) {
      // A child that somebody cancelled by itself is one more ticker that did not come about.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      return { ticker, status: 'failed', workflowId, ...failureReason(error) };
    } finally {
      running.delete(ticker);
      parked.delete(ticker);
    }
  };
  const ending: Promise<void>[] = [];
  const isLong = () =>
    workflowInfo().continueAsNewSuggested && (parked.size === 0 || workflowInfo().historyLength > MOST_EVENTS);
  const lane = async (): Promise<void> => {
    while (waiting.length > 0 && !isLong()) {
      const ticker = waiting.shift()!;
      const parks = new Promise<void>((resolve) => free.set(ticker, resolve));
      const ends = trainOne(ticker).then((outcome) => void done.push(outcome));
      ending.push(ends);
      await Promise.race([ends, parks]);
    }
  };

  try {
    if (input.pool !== undefined && input.pooled === undefined) await fitPool(input.pool);
    await Promise.all(Array.from({ length: maxInFlight }, lane));
    await Promise.all(ending);
  } catch (error) {
    tellVerdict(error, () => patched('cancelled-universe-has-verdict'));
    throw error;
  }
  if (waiting.length > 0) return continueAsNew<typeof trainUniverse>({ ...input, done, pooled, notes });

  const failed = done.filter(({ status }) => status === 'failed');
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict: failed.length === 0 ? 'completed' : 'failed' }));
  if (failed.length === done.length && done.length > 0) {
    const reasons = failed.slice(0, 5).map(({ ticker, message }) => `${ticker}: ${message}`);
    throw ApplicationFailure.nonRetryable(
      `every ticker failed; ${reasons.join(' | ')}`,
      failed[0]!.code ?? 'RUN_FAILED',
    );
  }
  return { outcomes: done, ...(notes.length === 0 ? {} : { notes }) };
}

/** Fits the pooled models in a child; where another run is fitting the same ones, when that has ended. */
async function trainPoolOnce(workflowId: string, input: TrainPoolInput): Promise<TrainPoolResult> {
  for (;;) {
    try {
      return await executeChild(trainPool, {
        workflowId,
        args: [input],
        // What is there already is not fitted again, so going through it once more costs little.
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: runAttributes({ asOf: input.vantage.asOf, stage: 'waiting' }),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await awaitRun({ workflowId });
    }
  }
}
