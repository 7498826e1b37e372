import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { AWAITING_APPROVAL, type PromotionDecision, type Verdict } from '../domain/run.ts';
import { approvalsQuery, approveUpdate } from './progress.ts';
import type { StageAttribute } from './stage-attribute.ts';

/** Waits, as long as it takes, for what a person says to a decision. */
export interface Approvals {
  /** The decisions that wait now. */
  pending(): readonly PromotionDecision[];
  verdictOn(decision: PromotionDecision): Promise<Verdict>;
}

/** Lets the query `approvals` and the Update `approvePromotion` be used on this run. */
export function approvals(ticker: string, stage: StageAttribute): Approvals {
  const pending = new Map<number, PromotionDecision>();
  const verdicts = new Map<number, Verdict>();
  setHandler(approvalsQuery, () => [...pending.values()].map((decision) => ({ ticker, decision })));
  setHandler(
    approveUpdate,
    (verdict) => {
      verdicts.set(verdict.horizon, verdict);
      pending.delete(verdict.horizon);
    },
    {
      validator({ horizon, by, reason }) {
        if (!pending.has(horizon)) throw refused(`no decision for ${horizon} sessions waits for a verdict`);
        if (by.trim() === '' || reason.trim() === '') throw refused('a verdict needs a name and a reason');
      },
    },
  );
  return {
    pending: () => [...pending.values()],
    async verdictOn(decision) {
      pending.set(decision.horizon, decision);
      stage.tell(AWAITING_APPROVAL);
      await condition(() => verdicts.has(decision.horizon));
      stage.tell('promote');
      return verdicts.get(decision.horizon)!;
    },
  };
}

function refused(problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problem, 'VERDICT_REFUSED');
}
