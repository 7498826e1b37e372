import { contextFrom } from '../../domain/context.ts';
import { sha256Hex } from '../../domain/identity.ts';
import type { MlflowRun } from '../../stores/mlflow/mlflow-runs.ts';
import { experimentOf } from '../../stores/registry/mlflow-model-registry.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import type { Pipeline } from './pipeline-lookup.ts';
import { tellStory } from './tell-story.ts';

/** A run, and whose it is; `pipeline` is absent when it is no longer known. */
export interface LackedPipeline {
  readonly tenant: string;
  readonly runId: string;
  readonly pipeline: Pipeline | undefined;
}

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

/**
 * Runs of which MLflow lacks something: those started or ended since then (milliseconds since 1970), and those that it
 * was told of while they were under way. To be asked for before their models are told, so that these are there then.
 * @throws StockcastError TEMPORAL_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export async function lackedPipelines({ backlog, pipelineOf }: MlflowParts, since: number): Promise<LackedPipeline[]> {
  const lacked = new Map<string, LackedPipeline>();
  for (const pipeline of await pipelineOf.since(since)) {
    const { runId } = pipeline;
    const tenant = runId.split('/')[1];
    if (tenant !== undefined) lacked.set(runId, { tenant, runId, pipeline });
  }
  const states = await backlog.runStates([...lacked.keys()]);
  for (const [runId, { tenant, pipeline }] of lacked) {
    if (states.get(`${tenant} ${runId}`) === stateOf(pipeline)) lacked.delete(runId);
  }
  for (const { tenant, runId } of await backlog.openRuns()) {
    if (lacked.has(runId)) continue;
    const pipeline = await pipelineOf.find(runId);
    if (stateOf(pipeline) !== 'running') lacked.set(runId, { tenant, runId, pipeline });
  }
  return [...lacked.values()];
}

/** Tells of a run; of one that has ended, how it ended and what came of it. @throws as `tellPipeline` */
export async function tellLacked(parts: MlflowParts, { tenant, runId, pipeline }: LackedPipeline): Promise<void> {
  const { runs, backlog, pipelineOf } = parts;
  const context = contextFrom({ tenant, principal: 'stockcast' });
  const run =
    pipeline === undefined
      ? await tellPipeline(parts, tenant, { runId, trainedAt: new Date().toISOString() })
      : await tellRun(parts, tenant, pipeline);
  if (pipeline?.ended === undefined) return;
  const story = await pipelineOf.story(pipeline);
  if (story !== undefined) await tellStory(parts, context, { pipeline, story, run });
  await runs.update(run.runId, { status: pipeline.ended.as, endedAt: pipeline.ended.at });
  await backlog.mark([{ tenant, ...markOf(runId, stateOf(pipeline)) }], new Date());
}

async function tellRun(parts: MlflowParts, tenant: string, pipeline: Pipeline): Promise<MlflowRun> {
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

const markOf = (runId: string, state: string) => ({ subject: `run/${runId}`, state });

function stateOf(pipeline: Pipeline | undefined): string {
  if (pipeline === undefined) return 'ended';
  return pipeline.ended === undefined ? 'running' : `ended ${pipeline.executionId}`;
}
