import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { TRAIN_POOL, TRAIN_TICKER, TRAIN_UNIVERSE } from '../../domain/run.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import { type PipelineStory, storyOf } from './pipeline-story.ts';

/** A run, by what Temporal says of it. */
export interface Pipeline {
  readonly runId: string;
  /** The same run may be made again, when its outcome no longer stands. */
  readonly executionId: string;
  readonly workflow: string;
  /** The run that asked for it, where it was not asked for alone. */
  readonly parentId?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Absent while it is under way. */
  readonly ended?: { readonly at: number; readonly as: 'FINISHED' | 'FAILED' | 'KILLED' };
}

/** Finds runs that Temporal still knows. @throws StockcastError TEMPORAL_UNAVAILABLE */
export interface PipelineLookup {
  /** The newest execution under this workflow id; undefined when it is no longer known. */
  find(runId: string): Promise<Pipeline | undefined>;
  /** Pipeline runs that were started or have ended since then (milliseconds since 1970). */
  since(at: number): Promise<readonly Pipeline[]>;
  /** What an execution was asked for and what came of it; undefined when it is no longer known. */
  story(pipeline: Pipeline): Promise<PipelineStory | undefined>;
  /** The run's page for people, if there is one. */
  link(runId: string): string | null;
}

const LONG_MS = 60_000;
const TYPES = [TRAIN_TICKER, TRAIN_UNIVERSE, TRAIN_POOL].map((type) => `'${type}'`).join(', ');

/** Asks Temporal. */
export function temporalPipelines(temporal: TemporalGateway): PipelineLookup {
  return {
    find: (runId) =>
      unlessForgotten(async () =>
        pipelineOf(await temporal.call((client) => client.workflow.getHandle(runId).describe())),
      ),
    since: async (at) => {
      const time = `'${new Date(at).toISOString()}'`;
      const query = `WorkflowType IN (${TYPES}) AND (StartTime >= ${time} OR CloseTime >= ${time})`;
      const found: Pipeline[] = [];
      await temporal.call(async (client) => {
        for await (const listed of client.workflow.list({ query, pageSize: 1000 })) found.push(pipelineOf(listed));
      }, LONG_MS);
      return found;
    },
    story: ({ runId, executionId }) =>
      unlessForgotten(async () =>
        storyOf(await temporal.call((client) => client.workflow.getHandle(runId, executionId).fetchHistory(), LONG_MS)),
      ),
    link: (runId) => temporal.uiLink(runId),
  };
}

function pipelineOf(found: Omit<WorkflowExecutionInfo, 'raw'>): Pipeline {
  const { workflowId: runId, runId: executionId, type: workflow, startTime, closeTime, status } = found;
  const parentId = found.parentExecution?.workflowId;
  return {
    ...{ runId, executionId, workflow, startedAt: startTime.getTime() },
    ...(parentId === undefined || parentId === null ? {} : { parentId }),
    ...(closeTime === undefined ? {} : { ended: { at: closeTime.getTime(), as: ENDINGS[status.name] ?? 'FAILED' } }),
  };
}

async function unlessForgotten<T>(body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const ENDINGS: { readonly [status: string]: 'FINISHED' | 'FAILED' | 'KILLED' } = {
  COMPLETED: 'FINISHED',
  CANCELLED: 'KILLED',
  TERMINATED: 'KILLED',
  // It was given up for a new one: on corrected data, or since its history had grown long.
  CONTINUED_AS_NEW: 'KILLED',
};
