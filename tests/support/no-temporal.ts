import type { PipelineLookup } from '../../serving/mlflow/pipeline-lookup.ts';

/** Where no Temporal is asked: each run counts as a pipeline of its own, which has ended. */
export const NO_TEMPORAL: PipelineLookup = {
  find: async () => undefined,
  since: async () => [],
  story: async () => undefined,
  link: (runId) => `http://temporal.example/${encodeURIComponent(runId)}`,
};
