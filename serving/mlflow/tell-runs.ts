import { contextFrom } from '../../domain/context.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import type { Pipeline } from './pipeline-lookup.ts';
import { markOf, tellPipeline, tellRun } from './tell-pipeline.ts';
import { tellStory } from './tell-story.ts';

/** A run, and whose it is; `pipeline` is absent when it is no longer known. */
export interface LackedPipeline {
  readonly tenant: string;
  readonly runId: string;
  readonly pipeline: Pipeline | undefined;
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

function stateOf(pipeline: Pipeline | undefined): string {
  if (pipeline === undefined) return 'ended';
  return pipeline.ended === undefined ? 'running' : `ended ${pipeline.executionId}`;
}
