import { continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ScoringActivities } from '../activities/scoring.ts';
import { QUEUES } from '../domain/run.ts';
import type { SkippedRun } from '../domain/scheduled-run.ts';
import type { ScoreForecastsInput, ScoreForecastsResult, ScoringCarry, ScoringCounts } from '../domain/scoring.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { dailyRun } from './daily-run.ts';
import { scoringProgressQuery } from './progress.ts';

const { planScoring } = proxyActivities<ScoringActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
// Reads histories, batch by batch.
const { scoreBatch, judgeLiveRecords } = proxyActivities<ScoringActivities>({
  ...DATA_ACTIVITY,
  taskQueue: QUEUES.orchestration,
});

/**
 * Scores every forecast whose target session's close is known and that has no score, in batches, then judges what serves
 * by its live track record. Running it twice, at once or one after the other, enters nothing twice. Many forecasts go on
 * as new runs, so that no history grows long.
 */
export async function scoreForecasts(input: ScoreForecastsInput): Promise<ScoreForecastsResult | SkippedRun> {
  const { context, carried } = input;
  const only = input.ticker === undefined ? {} : { ticker: input.ticker };
  let state: ScoringCarry | undefined = carried;
  setHandler(scoringProgressQuery, () => {
    const { scored = 0, passedOver = 0 } = state?.counts ?? {};
    return { ...only, done: scored + passedOver, total: state?.total ?? 0 };
  });
  return dailyRun(input.asOf, 'score', async (at) => {
    if (state === undefined) {
      const planned = await planScoring({ context, ...only, at });
      state = { ...planned, counts: { scored: 0, live: 0, passedOver: 0 } };
    }
    for (let more = state.total > 0; more; ) {
      const { vantage, after } = state;
      const batch = await scoreBatch({ context, ...only, vantage, ...(after === undefined ? {} : { after }) });
      state = advanced(state, batch);
      more = batch.after !== undefined;
      if (more && workflowInfo().continueAsNewSuggested) {
        return await continueAsNew<typeof scoreForecasts>({ ...input, carried: state });
      }
    }
    const { vantage, counts } = state;
    const judgement = await judgeLiveRecords({ context, ...only });
    return { asOf: vantage.asOf, ...counts, ...judgement };
  });
}

function advanced(state: ScoringCarry, { after, ...batch }: ScoringCounts & Pick<ScoringCarry, 'after'>): ScoringCarry {
  const { scored, live, passedOver } = state.counts;
  return {
    ...state,
    counts: {
      scored: scored + batch.scored,
      live: live + batch.live,
      passedOver: passedOver + batch.passedOver,
    },
    ...(after === undefined ? {} : { after }),
  };
}
