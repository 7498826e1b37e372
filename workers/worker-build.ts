import { hostname } from 'node:os';
import type { WorkerOptions } from '@temporalio/worker';

/** Which code workers run. */
export interface WorkerBuild {
  readonly id: string;
  /** Name of their deployment. */
  readonly deployment: string;
  /** Whether runs stay with workers of the build that began them; else any worker goes on with any run. */
  readonly pinned: boolean;
}

/** How Temporal knows the build: by each worker's identity, and with its deployment by every workflow task it completes. */
export function deploymentOptions({
  id,
  deployment,
  pinned,
}: WorkerBuild): Pick<WorkerOptions, 'identity' | 'workerDeploymentOptions'> {
  const version = { deploymentName: deployment, buildId: id };
  return {
    identity: `${process.pid}@${hostname()}/${id}`,
    workerDeploymentOptions: pinned
      ? { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' }
      : { version, useWorkerVersioning: false },
  };
}
