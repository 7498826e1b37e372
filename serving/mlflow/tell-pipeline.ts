import { sha256Hex } from '../../domain/identity.ts';
import type { MlflowRun } from '../../stores/mlflow/mlflow-runs.ts';
import { experimentOf } from '../../stores/registry/mlflow-model-registry.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import type { Pipeline } from './pipeline-lookup.ts';

/**
 * The MLflow run of a pipeline run, made if need be below that of whatever asked for it.
 * @throws StockcastError MLFLOW_UNAVAILABLE, MLFLOW_REFUSED, TEMPORAL_UNAVAILABLE
 */
export async function tellPipeline(
  parts: MlflowParts,
  tenant: string,
  of: { readonly runId: string; readonly trainedAt: string },
): Promise<MlflowRun> {
  const pipeline = await parts.pipelineOf.find(of.runId);
  if (pipeline !== undefined) return tellRun(parts, tenant, pipeline);
  // One that is no longer known has ended, whichever way.
  const at = Date.parse(of.trainedAt);
  const run = await tellRun(parts, tenant, { runId: of.runId, executionId: '', workflow: 'unknown', startedAt: at });
  await parts.runs.update(run.runId, { status: 'FINISHED', endedAt: at });
  await parts.backlog.mark([{ tenant, ...markOf(of.runId, 'ended') }], new Date());
  return run;
}

/** As `tellPipeline`, of a run that Temporal still knows. */
export async function tellRun(parts: MlflowParts, tenant: string, pipeline: Pipeline): Promise<MlflowRun> {
  const { runs, backlog, pipelineOf } = parts;
  const { runId, workflow, startedAt, parentId } = pipeline;
  const parent = parentId === undefined ? undefined : await pipelineOf.find(parentId);
  const above = parent === undefined ? undefined : (await tellRun(parts, tenant, parent)).runId;
  const link = pipelineOf.link(runId);
  const experimentId = await experimentOf(runs, tenant);
  const run = await runs.run(experimentId, {
    key: sha256Hex(`run/${tenant}/${runId}`),
    name: shownName(runId),
    startedAt,
    tags: {
      ...{ workflow, workflow_id: runId, workflow_link: link ?? undefined, 'mlflow.parentRunId': above },
      'mlflow.note.content': `The run ${link === null ? runId : `[${runId}](${link})`}.`,
    },
  });
  await backlog.open({ tenant, ...markOf(runId, 'running') }, new Date());
  return run;
}

/** A run's name as people read it: MLflow shows some twenty characters of it, so what tells runs apart comes first. */
export function shownName(runId: string): string {
  const [type = '', , ...rest] = runId.split('/');
  return [...(type === 'train' ? [] : [type.replace(/^train-/, '')]), ...rest].join(' ');
}

/** The mark of a run, without its tenant. */
export const markOf = (runId: string, state: string) => ({ subject: `run/${runId}`, state });
