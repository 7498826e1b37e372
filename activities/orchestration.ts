import { setTimeout as sleep } from 'node:timers/promises';
import { Context as ActivityContext, log } from '@temporalio/activity';
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { PlannedPartition, ResolvedBackfill } from '../domain/backfill.ts';
import type { SessionDate, Vantage } from '../domain/bar.ts';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import { type FailureReason, failureReason } from '../domain/failure-reason.ts';
import type { Horizon } from '../domain/horizon.ts';
import { PARKED, PARKED_SIGNAL } from '../domain/parking.ts';
import {
  type FailedTicker,
  type PromotionDecision,
  type PromotionOutcome,
  TRAIN_UNIVERSE,
  type TrainUniverseResult,
  type Verdict,
  failedOf,
} from '../domain/run.ts';
import {
  type BackfillRequest,
  type PartitionRequest,
  planPartition,
  resolveBackfill,
} from '../serving/backfills/plan-backfill.ts';
import { forecastWith } from '../serving/forecasting.ts';
import { shadowForecasts } from '../serving/shadow-forecasts.ts';
import { drawPictures } from '../serving/pictures.ts';
import { type PromotionRequest, decidePromotion, enterPromotion } from '../serving/promotion.ts';
import { type PlannedRun, type RunRequest, planTicker } from '../serving/planning.ts';
import type { Services } from '../serving/services.ts';
import { asFailure, heartbeating } from './failure.ts';

const PARKED_EVERY_MS = 3000;

/** How a run of many tickers ended that was waited for. */
export interface AwaitedUniverse {
  /** Why it did not complete, if it did not. */
  readonly reason?: FailureReason;
  readonly failed: readonly FailedTicker[];
}

export type OrchestrationActivities = ReturnType<typeof orchestrationActivities>;

/** Light activities beside the workflows: a few database statements each; task queue `stockcast`. */
export function orchestrationActivities(services: Services, client: Client) {
  return {
    /** Names the run that would train this ticker on what is known: equal requests have equal workflow ids. */
    planTicker: (input: RunRequest & { context: ContextRecord }): Promise<PlannedRun> =>
      translated(() => planTicker(services, contextFrom(input.context), input)),

    /** Checks what a backfill is asked and fills in what was left open. */
    planBackfill: (input: BackfillRequest & { context: ContextRecord }): Promise<ResolvedBackfill> =>
      translated(() => resolveBackfill(services, contextFrom(input.context), input)),

    /** Names the run that makes a partition of a backfill, and says whether its outcome is there. */
    planPartition: (input: PartitionRequest & { context: ContextRecord }): Promise<PlannedPartition> =>
      translated(() => planPartition(services, contextFrom(input.context), input)),

    /**
     * Waits for a run that somebody else started, and returns why it did not complete, if it did not. Where it is
     * parked, the universe that waits is told, as it would be by a run of its own.
     */
    awaitRun: (input: { workflowId: string }): Promise<FailureReason | undefined> =>
      heartbeating(async () => (await endOf(client, input.workflowId)).reason),

    /** Waits for a run of many tickers that somebody else started, and returns which of them failed, too. */
    awaitUniverse: (input: { workflowId: string }): Promise<AwaitedUniverse> =>
      heartbeating(async () => {
        const { reason, result } = await endOf(client, input.workflowId);
        if (reason !== undefined) return { reason, failed: [] };
        return { failed: failedOf(result as TrainUniverseResult) };
      }),

    /** Lets the gate decide what is to serve for one horizon, and writes the certificates. */
    decide: (input: PromotionRequest & { context: ContextRecord }): Promise<PromotionDecision> =>
      heartbeating(() => decidePromotion(services, contextFrom(input.context), input)),

    /** Enters a decision, or that a person rejected it, into the ledger. */
    promote: (input: {
      context: ContextRecord;
      runId: string;
      ticker: string;
      asOf: SessionDate;
      live: boolean;
      decision: PromotionDecision;
      verdict?: Verdict;
      corrected?: boolean;
    }): Promise<PromotionOutcome> =>
      translated(() => {
        const executionId = ActivityContext.current().info.workflowExecution?.runId ?? input.runId;
        return enterPromotion(services, contextFrom(input.context), { ...input, executionId });
      }),

    /** Draws the pictures of evaluated models that are not drawn yet. */
    draw: (input: { context: ContextRecord; modelIds: readonly string[] }): Promise<void> =>
      heartbeating(() => drawPictures(services, contextFrom(input.context), input.modelIds)),

    /** Makes and stores the forecasts of the promoted models for the newest session. */
    forecast: (input: {
      context: ContextRecord;
      ticker: string;
      vantage: Vantage;
      models: readonly { readonly horizon: Horizon; readonly modelId: string }[];
    }): Promise<{ notes: readonly string[] }> =>
      translated(async () => {
        const notes = new Set<string>();
        for (const { modelId } of input.models) {
          const forecast = await forecastWith(services, contextFrom(input.context), modelId, input.vantage);
          for (const note of forecast.notes) notes.add(note);
        }
        const shadowed = await shadowForecasts(services, contextFrom(input.context), input);
        for (const { line, error } of shadowed.failed) {
          log.warn('a challenger cannot forecast', { experiment: line.experimentId, ticker: line.ticker, error });
        }
        return { notes: [...notes] };
      }),
  };
}

/** What a run that somebody else started resulted in, or why it did not complete. */
async function endOf(client: Client, workflowId: string): Promise<{ reason?: FailureReason; result?: unknown }> {
  const { cancellationSignal } = ActivityContext.current();
  const ended = new AbortController();
  const signal = AbortSignal.any([cancellationSignal, ended.signal]);
  try {
    const handle = client.workflow.getHandle(workflowId);
    const result = client.connection.withAbortSignal(cancellationSignal, () => handle.result());
    return { result: await Promise.race([result, tellWhenParked(client, workflowId, signal).then(() => result)]) };
  } catch (error) {
    // How it ended, or that it is gone, is an answer; asking again would bring no other.
    if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError)
      return { reason: failureReason(error) };
    throw error;
  } finally {
    ended.abort();
  }
}

/** Tells the universe whose activity this is once the run is parked, if it ever is. */
async function tellWhenParked(client: Client, workflowId: string, signal: AbortSignal): Promise<void> {
  const { workflowType, workflowExecution } = ActivityContext.current().info;
  while (workflowType === TRAIN_UNIVERSE && !signal.aborted) {
    const { StockcastStage: stage, StockcastTicker: ticker } = (await client.workflow.getHandle(workflowId).describe())
      .searchAttributes;
    if (stage?.[0] === PARKED) {
      await client.workflow.getHandle(workflowExecution!.workflowId).signal(PARKED_SIGNAL, ticker?.[0]);
      return;
    }
    // Waking up early is all that an abort does.
    await sleep(PARKED_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function translated<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw asFailure(error);
  }
}
