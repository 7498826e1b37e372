import { type Context, contextFrom } from '../../domain/context.ts';
import { sha256Hex } from '../../domain/identity.ts';
import { experimentName } from '../../stores/registry/mlflow-model-registry.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import type { Pipeline } from './pipeline-lookup.ts';

/**
 * The MLflow run of the pipeline that a run belongs to, made if need be; returns its id.
 * @throws StockcastError MLFLOW_UNAVAILABLE, MLFLOW_REFUSED, TEMPORAL_UNAVAILABLE
 */
export async function tellPipeline(
  parts: MlflowParts,
  { tenant }: Context,
  of: { readonly runId: string; readonly trainedAt: string; readonly asOf: string },
): Promise<string> {
  const { runs, backlog, pipelineOf } = parts;
  const at = Date.parse(of.trainedAt);
  // One that is no longer known has ended, whichever way.
  const gone: Pipeline = { runId: of.runId, workflow: 'unknown', startedAt: at, ended: { at, as: 'FINISHED' } };
  const pipeline = (await pipelineOf.find(of.runId)) ?? gone;
  const { runId, workflow, startedAt } = pipeline;
  const link = pipelineOf.link(runId);
  const experimentId = await runs.experiment(experimentName(tenant), { tenant });
  const note = `The run [${runId}](${link ?? '#'}): each model that it trained is a run below it.`;
  const run = await runs.run(experimentId, {
    key: sha256Hex(`run/${tenant}/${runId}`),
    name: runId,
    startedAt,
    tags: {
      ...{ workflow, workflow_id: runId, as_of: of.asOf, workflow_link: link ?? undefined },
      'mlflow.note.content': link === null ? note.replace('](#)', ']') : note,
    },
  });
  if (pipeline.ended !== undefined) await end(parts, run.runId, pipeline.ended);
  const state = pipeline.ended === undefined ? 'running' : 'ended';
  await backlog.mark([{ tenant, subject: `run/${runId}`, state }], new Date());
  return run.runId;
}

/** Ends the MLflow runs of pipelines that have ended since. */
export async function tellEnded(parts: MlflowParts): Promise<void> {
  const { runs, backlog, pipelineOf } = parts;
  for (const { tenant, runId } of await backlog.openRuns()) {
    const pipeline = await pipelineOf.find(runId);
    if (pipeline !== undefined && pipeline.ended === undefined) continue;
    const { tenant: of } = contextFrom({ tenant, principal: 'stockcast' });
    const experimentId = await runs.experiment(experimentName(of), { tenant });
    const [run] = await runs.runsWith(experimentId, sha256Hex(`run/${tenant}/${runId}`));
    if (run !== undefined) await end(parts, run.runId, pipeline?.ended ?? { at: Date.now(), as: 'FINISHED' });
    await backlog.mark([{ tenant, subject: `run/${runId}`, state: 'ended' }], new Date());
  }
}

async function end({ runs }: MlflowParts, id: string, { at, as }: NonNullable<Pipeline['ended']>): Promise<void> {
  await runs.update(id, { status: as, endedAt: at });
}
