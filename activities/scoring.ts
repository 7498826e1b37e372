import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { JudgementResult, OnBehindNaive } from '../domain/scoring.ts';
import { type ScoredBatch, type ScoringRequest, countUnscored, scoreBatch } from '../serving/scoring.ts';
import type { Services } from '../serving/services.ts';
import { judgeLiveRecords } from '../serving/track-record.ts';
import { type DailyPlanRequest, dailyPlan } from './daily-plan.ts';
import { heartbeating } from './failure.ts';

export type ScoringActivities = ReturnType<typeof scoringActivities>;

/** Scoring past forecasts, beside the workflows; task queue `stockcast`. */
export function scoringActivities(services: Services, onBehindNaive: OnBehindNaive) {
  return {
    /** From where a scoring looks, and how many forecasts there are. */
    planScoring: (input: DailyPlanRequest) =>
      dailyPlan(input, (context, vantage) => {
        const { ticker } = input;
        return countUnscored(services, context, { vantage, ...(ticker === undefined ? {} : { ticker }) });
      }),

    /** Scores the next so many forecasts, each once. */
    scoreBatch: (input: ScoringRequest & { context: ContextRecord }): Promise<ScoredBatch> =>
      heartbeating(() => scoreBatch(services, contextFrom(input.context), input)),

    /** Judges what serves by its live record, and does about it what is configured. */
    judgeLiveRecords: (input: { context: ContextRecord; ticker?: string }): Promise<JudgementResult> =>
      heartbeating(() => judgeLiveRecords(services, contextFrom(input.context), { ...input, onBehindNaive })),
  };
}
