import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  APPROVALS_QUERY,
  APPROVE_UPDATE,
  AWAITING_APPROVAL,
  type ChosenModel,
  type PendingApproval,
  TRAIN_TICKER,
  type Verdict,
} from '../domain/run.ts';
import { standingOf } from './runs.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { askRun, runsAtStage, sendUpdate } from './waiting-runs.ts';

/** A decision that waits for a person, as people and programs are shown it. */
export interface ApprovalAnswer {
  readonly run_id: string;
  readonly ticker: string;
  readonly horizon: number;
  /** What is to serve if it is approved. */
  readonly model: string;
  readonly model_id: string;
  readonly certificate_id: string;
  /** What serves now; null when nothing does. */
  readonly serving: { readonly model: string; readonly model_id: string } | null;
  /** What serves if it is rejected. */
  readonly otherwise: { readonly model: string; readonly model_id: string };
  readonly reasons: readonly string[];
  readonly ui: string | null;
}

/** The decisions that wait, and the runs that wait for one but could not be asked, since no worker answers. */
export interface ApprovalsAnswer {
  readonly approvals: readonly ApprovalAnswer[];
  readonly unanswered: readonly string[];
}

/** What became of a verdict that was taken. */
export interface VerdictAnswer {
  readonly run_id: string;
  readonly horizon: number;
  readonly approved: boolean;
  readonly by: string;
  readonly reason: string;
}

/**
 * The decisions of the tenant that wait for a person's verdict, by run and horizon. A run that began to wait a moment
 * ago may be missing: Temporal lists it a little later.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function listApprovals(temporal: TemporalGateway, context: Context): Promise<ApprovalsAnswer> {
  const runIds = await runsAtStage(temporal, context, AWAITING_APPROVAL);
  const asked = await Promise.all(runIds.map(async (runId) => ({ runId, pending: await pendingOf(temporal, runId) })));
  return {
    approvals: asked.flatMap(({ runId, pending = [] }) =>
      pending.map((approval) => approvalAnswer(temporal, runId, approval)),
    ),
    unanswered: asked.flatMap(({ runId, pending }) => (pending === undefined ? [runId] : [])),
  };
}

/**
 * Gives a waiting run a person's verdict, which it keeps before this returns.
 * @throws StockcastError RUN_UNKNOWN
 * @throws StockcastError VERDICT_REFUSED when nothing (any more) waits for it, without a name or reason, or when no
 *   worker answers
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function sendVerdict(
  temporal: TemporalGateway,
  context: Context,
  runId: string,
  verdict: Verdict,
): Promise<VerdictAnswer> {
  const { workflow, status } = await standingOf(temporal, context, runId);
  if (workflow !== TRAIN_TICKER) {
    throw refused(`${runId} decides nothing itself; npx stockcast runs approvals lists the runs that wait`);
  }
  if (status !== 'running') throw refused(`the run has ended already: ${status}`);
  if ((await pendingOf(temporal, runId)) === undefined) throw refused('no worker answers; start one and send it again');
  await sendUpdate(temporal, runId, APPROVE_UPDATE, verdict, refused);
  const { horizon, approve, by, reason } = verdict;
  return { run_id: runId, horizon, approved: approve, by, reason };
}

/** Undefined when no worker answers. */
async function pendingOf(temporal: TemporalGateway, runId: string): Promise<readonly PendingApproval[] | undefined> {
  const pending = await askRun<readonly PendingApproval[]>(temporal, runId, APPROVALS_QUERY);
  return pending === 'ended' ? [] : pending;
}

function approvalAnswer(
  temporal: TemporalGateway,
  runId: string,
  { ticker, decision }: PendingApproval,
): ApprovalAnswer {
  const { horizon, modelId, kind, certificateId, serving, otherwise, reasons } = decision;
  const named = (chosen: ChosenModel) => ({ model: chosen.kind, model_id: chosen.modelId });
  return {
    run_id: runId,
    ticker,
    horizon,
    model: kind,
    model_id: modelId,
    certificate_id: certificateId,
    serving: serving === undefined ? null : named(serving),
    otherwise: named(otherwise),
    reasons,
    ui: temporal.uiLink(runId),
  };
}

function refused(problem: string, cause?: Error): StockcastError {
  return new StockcastError('VERDICT_REFUSED', { problem }, cause === undefined ? {} : { cause });
}
