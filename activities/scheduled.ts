import type { SessionDate } from '../domain/bar.ts';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { RetrainWish } from '../domain/scheduled-run.ts';
import { type PlannedIngest, type PlannedRetraining, planIngest, planRetraining } from '../serving/due-runs.ts';
import type { RetrainingSettings } from '../serving/retrain-restated.ts';
import type { Services } from '../serving/services.ts';
import { heartbeating } from './failure.ts';

export type ScheduledActivities = ReturnType<typeof scheduledActivities>;

/** Activities that say what a run has to do that a schedule started; task queue `stockcast`. */
export function scheduledActivities(services: Services, settings: RetrainingSettings) {
  return {
    /** Names the tickers to fetch and their source, or says why there are none. */
    planIngest: (input: {
      context: ContextRecord;
      source?: string;
      tickers?: readonly string[];
    }): Promise<PlannedIngest> => heartbeating(() => planIngest(services, contextFrom(input.context), input)),

    /** Plans the training of the universe as of a session; undefined where no prices are known of then. */
    planRetraining: (input: {
      context: ContextRecord;
      session: SessionDate;
      mayServe: boolean;
      wish: RetrainWish;
    }): Promise<PlannedRetraining | undefined> =>
      heartbeating(() => planRetraining(services, contextFrom(input.context), input, settings)),
  };
}
