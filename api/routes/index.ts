import type { Endpoint } from '../endpoint.ts';
import type { ApiParts } from '../parts.ts';
import { approvalsEndpoint } from './approvals.ts';
import { batchPredictEndpoint } from './batch-predict.ts';
import { certificateEndpoints } from './certificates.ts';
import { healthEndpoints } from './health.ts';
import { indexEndpoint } from './root.ts';
import { leaderboardEndpoint } from './leaderboard.ts';
import { modelEndpoints } from './models.ts';
import { predictEndpoint } from './predict.ts';
import { runsEndpoints } from './runs.ts';
import { tickersEndpoint } from './tickers.ts';
import { trainEndpoints } from './train.ts';
import { trialsEndpoint } from './trials.ts';
import { uploadEndpoint } from './upload.ts';

/** Every endpoint, in the order in which they are matched and documented. */
export function allEndpoints(parts: ApiParts): Endpoint[] {
  return [
    indexEndpoint,
    ...healthEndpoints(parts),
    uploadEndpoint,
    tickersEndpoint,
    ...trainEndpoints,
    ...runsEndpoints,
    approvalsEndpoint,
    predictEndpoint,
    batchPredictEndpoint,
    leaderboardEndpoint,
    ...modelEndpoints,
    ...certificateEndpoints,
    trialsEndpoint,
  ];
}
