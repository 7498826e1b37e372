import { continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { DriftActivities } from '../activities/drift.ts';
import {
  type DriftBatch,
  type DriftCarry,
  MOST_NAMED_ALARMS,
  type MonitorDriftInput,
  type MonitorDriftResult,
} from '../domain/drift.ts';
import { QUEUES } from '../domain/run.ts';
import type { SkippedRun } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { dailyRun } from './daily-run.ts';
import { driftProgressQuery } from './progress.ts';

const { planDrift } = proxyActivities<DriftActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
// Reads histories, batch by batch, or plans a training of many tickers.
const { checkDriftBatch, retrainDrifted } = proxyActivities<DriftActivities>({
  ...DATA_ACTIVITY,
  taskQueue: QUEUES.orchestration,
});

/**
 * Looks at everything that serves for drift, in batches, enters a report per model and session, and has what raised an
 * alarm trained again where that is configured. Running it twice enters and starts nothing twice. Many models go on as
 * new runs, so that no history grows long.
 */
export async function monitorDrift(input: MonitorDriftInput): Promise<MonitorDriftResult | SkippedRun> {
  const { context, carried } = input;
  const only = input.ticker === undefined ? {} : { ticker: input.ticker };
  let state: DriftCarry | undefined = carried;
  setHandler(driftProgressQuery, () => ({ ...only, done: state?.counts.checked ?? 0, total: state?.total ?? 0 }));
  return dailyRun(input.asOf, 'drift', async (at) => {
    if (state === undefined) {
      const planned = await planDrift({ context, ...only, at });
      state = { ...planned, counts: { checked: 0, untold: 0, nAlarming: 0 }, alarming: [] };
    }
    for (let more = state.total > 0; more; ) {
      const { vantage, after } = state;
      const batch = await checkDriftBatch({ context, ...only, vantage, ...(after === undefined ? {} : { after }) });
      state = advanced(state, batch);
      more = batch.after !== undefined;
      if (more && workflowInfo().continueAsNewSuggested) {
        return await continueAsNew<typeof monitorDrift>({ ...input, carried: state });
      }
    }
    const { vantage, counts, alarming } = state;
    const retraining = await retrainDrifted({ context, ...only, vantage });
    return { asOf: vantage.asOf, ...counts, alarming, retraining };
  });
}

function advanced(state: DriftCarry, { after, alarming, ...batch }: DriftBatch): DriftCarry {
  const { checked, untold, nAlarming } = state.counts;
  return {
    vantage: state.vantage,
    total: state.total,
    counts: {
      checked: checked + batch.checked,
      untold: untold + batch.untold,
      nAlarming: nAlarming + batch.nAlarming,
    },
    alarming: [...state.alarming, ...alarming].slice(0, MOST_NAMED_ALARMS),
    ...(after === undefined ? {} : { after }),
  };
}
