import { WorkflowNotFoundError } from '@temporalio/client';
import type { TemporalGateway } from '../temporal-gateway.ts';

/** The run that a run belongs to: itself, or the run of a universe that asked for it. */
export interface Pipeline {
  readonly runId: string;
  readonly workflow: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Absent while it is under way. */
  readonly ended?: { readonly at: number; readonly as: 'FINISHED' | 'FAILED' | 'KILLED' };
}

/** Finds a run's pipeline by its workflow id; undefined when it is no longer known. */
export interface PipelineLookup {
  find(runId: string): Promise<Pipeline | undefined>;
  /** The run's page for people, if there is one. */
  link(runId: string): string | null;
}

/** Asks Temporal. @throws StockcastError TEMPORAL_UNAVAILABLE */
export function temporalPipelines(temporal: TemporalGateway): PipelineLookup {
  const describe = (id: string) => temporal.call((client) => client.workflow.getHandle(id).describe());
  return {
    find: async (runId) => {
      try {
        const own = await describe(runId);
        const rootId = own.raw.workflowExecutionInfo?.rootExecution?.workflowId;
        const root = rootId === undefined || rootId === null || rootId === runId ? own : await describe(rootId);
        const { workflowId, type, startTime, closeTime, status } = root;
        const ended =
          closeTime === undefined ? {} : { ended: { at: closeTime.getTime(), as: ENDINGS[status.name] ?? 'FAILED' } };
        return { runId: workflowId, workflow: type, startedAt: startTime.getTime(), ...ended };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    link: (runId) => temporal.uiLink(runId),
  };
}

const ENDINGS: { readonly [status: string]: 'FINISHED' | 'FAILED' | 'KILLED' } = {
  COMPLETED: 'FINISHED',
  CANCELLED: 'KILLED',
  TERMINATED: 'KILLED',
};
