import type { Endpoint } from '../endpoint.ts';
import { approvalsEndpoint } from './approvals.ts';
import { backfillEndpoints } from './backfills.ts';
import { batchPredictEndpoint } from './batch-predict.ts';
import { certificateEndpoints } from './certificates.ts';
import { dailyEndpoints } from './daily-runs.ts';
import { driftEndpoint } from './drift.ts';
import { experimentEndpoints } from './experiments.ts';
import { featuresEndpoint } from './features.ts';
import { datasetEndpoints } from './datasets.ts';
import { healthEndpoints } from './health.ts';
import { indexEndpoint } from './root.ts';
import { historyEndpoint } from './history.ts';
import { leaderboardEndpoint } from './leaderboard.ts';
import { lineageEndpoint } from './lineage.ts';
import { metricsEndpoint } from './metrics.ts';
import { modelHistoryEndpoints } from './model-history.ts';
import { modelsInMemoryEndpoints } from './models-in-memory.ts';
import { modelEndpoints } from './models.ts';
import { parkedEndpoints } from './parked-runs.ts';
import { performanceEndpoint } from './performance.ts';
import { predictEndpoint } from './predict.ts';
import { restatementEndpoints } from './restatements.ts';
import { runsEndpoints } from './runs.ts';
import { scheduleEndpoints } from './schedules.ts';
import { tickersEndpoint } from './tickers.ts';
import { trackRecordEndpoint } from './track-record.ts';
import { trainEndpoints } from './train.ts';
import { trialsEndpoint } from './trials.ts';
import { uploadEndpoint } from './upload.ts';

/** Every endpoint, in the order in which they are matched and documented. */
export function allEndpoints(): Endpoint[] {
  return [
    // Asked for most often, and each request is held against one path after the other.
    predictEndpoint,
    batchPredictEndpoint,
    indexEndpoint,
    ...healthEndpoints,
    performanceEndpoint,
    metricsEndpoint,
    uploadEndpoint,
    tickersEndpoint,
    featuresEndpoint,
    ...trainEndpoints,
    ...parkedEndpoints,
    ...runsEndpoints,
    approvalsEndpoint,
    historyEndpoint,
    trackRecordEndpoint,
    driftEndpoint,
    ...dailyEndpoints,
    ...experimentEndpoints,
    leaderboardEndpoint,
    ...modelsInMemoryEndpoints,
    ...modelEndpoints,
    ...modelHistoryEndpoints,
    lineageEndpoint,
    ...datasetEndpoints,
    ...certificateEndpoints,
    trialsEndpoint,
    ...restatementEndpoints,
    ...scheduleEndpoints,
    ...backfillEndpoints,
  ];
}
