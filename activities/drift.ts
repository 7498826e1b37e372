import type { Vantage } from '../domain/bar.ts';
import { newYorkDate } from '../domain/calendar.ts';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { DriftBatch, DriftRetraining, OnDrift } from '../domain/drift.ts';
import { type DriftRequest, checkDriftBatch, watched } from '../serving/drift.ts';
import { retrainDrifted } from '../serving/retrain-drifted.ts';
import type { RetrainingSettings } from '../serving/retrain-restated.ts';
import type { Services } from '../serving/services.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import { type DailyPlanRequest, dailyPlan } from './daily-plan.ts';
import { heartbeating } from './failure.ts';

export type DriftActivities = ReturnType<typeof driftActivities>;

/** What is done about drift, and how what has drifted is trained again. */
export interface DriftSettings extends RetrainingSettings {
  readonly onDrift: OnDrift;
}

/** Looking for drift of what serves, beside the workflows; task queue `stockcast`. */
export function driftActivities(services: Services, temporal: TemporalGateway, settings: DriftSettings) {
  return {
    /** From where a monitoring looks, and how many models there are. */
    planDrift: (input: DailyPlanRequest) =>
      dailyPlan(input, async (context) => (await watched(services, context, input)).length),

    /** Looks at the next so many models, and enters a report of each, once. */
    checkDriftBatch: (input: DriftRequest & { context: ContextRecord }): Promise<DriftBatch> =>
      heartbeating(() => checkDriftBatch(services, contextFrom(input.context), input)),

    /** Trains again what has an alarm, where that is configured and the monitoring is one of today. */
    retrainDrifted: (input: { context: ContextRecord; ticker?: string; vantage: Vantage }): Promise<DriftRetraining> =>
      heartbeating(async () => {
        const context = contextFrom(input.context);
        const isPast = input.vantage.asOf < newYorkDate(context.clock.now());
        if (settings.onDrift === 'note' || isPast) return { tickers: [], runIds: [], problems: [] };
        return retrainDrifted(services, temporal, context, input, settings);
      }),
  };
}
