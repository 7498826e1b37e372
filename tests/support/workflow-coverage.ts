import { DefaultLogger, type WorkerOptions, bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOWS_PATH, keptBundle, keptWorkflowBundle } from '../../workers/workflow-bundle.ts';

/** The workflows to run in a test, and what to do with what they covered once the worker has stopped. */
export interface CoveredWorkflows {
  readonly workflows: Pick<WorkerOptions, 'workflowBundle' | 'sinks'>;
  merge(): void;
}

const scope = globalThis as { __coverage__?: object; __VITEST_COVERAGE__?: object };

/**
 * Bundles the workflows so that what runs inside Temporal's sandbox counts as covered, when the test run measures
 * coverage at all.
 */
export async function workflowCoverage(): Promise<CoveredWorkflows> {
  if (scope.__VITEST_COVERAGE__ === undefined) {
    return { workflows: { workflowBundle: await keptWorkflowBundle() }, merge: () => {} };
  }
  scope.__coverage__ ??= {};
  const { WorkflowCoverage } = await import('@temporalio/nyc-test-coverage');
  const coverage = new WorkflowCoverage();
  const logger = new DefaultLogger('WARN');
  const options = coverage.augmentBundleOptions({ workflowsPath: WORKFLOWS_PATH, logger });
  const workflowBundle = await keptBundle({ variant: 'covered' }, () => bundleWorkflowCode(options));
  return {
    workflows: { workflowBundle, sinks: coverage.sinks as NonNullable<WorkerOptions['sinks']> },
    merge: () => {
      coverage.mergeIntoGlobalCoverage();
      // Plain objects, since vitest sends them to its main process.
      Object.assign(scope.__VITEST_COVERAGE__!, JSON.parse(JSON.stringify(scope.__coverage__)));
    },
  };
}
