import type { Client } from '@temporalio/client';
import { QUEUES } from '../domain/run.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

const DEADLINE_MS = 3000;
const WORKFLOW = 1;
const ACTIVITY = 2;
/** A worker asks for work again after a minute at most; Temporal remembers it for five. */
const GONE_AFTER_MS = 90_000;

/** What waits on a task queue, and who works on it. */
export interface TaskQueueState {
  readonly queue: string;
  readonly type: 'workflow' | 'activity';
  /** Tasks that no worker has taken yet, about; workflow tasks that wait for the worker that did the last one are not in it. */
  readonly backlog: number;
  /** How long the oldest of them has waited. */
  readonly backlogAgeSeconds: number;
  /** Workers that asked for work lately. */
  readonly workers: readonly { readonly identity: string; readonly buildId: string | undefined }[];
}

/**
 * How the task queues stand. Some seconds old, as Temporal says it.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function taskQueueStates(temporal: TemporalGateway): Promise<TaskQueueState[]> {
  const all = [
    { queue: QUEUES.orchestration, type: 'workflow' as const },
    ...Object.values(QUEUES).map((queue) => ({ queue, type: 'activity' as const })),
  ];
  return temporal.call(
    (client) => Promise.all(all.map(({ queue, type }) => stateOf(client, queue, type))),
    DEADLINE_MS,
  );
}

async function stateOf(client: Client, queue: string, type: TaskQueueState['type']): Promise<TaskQueueState> {
  const { stats, pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: type === 'workflow' ? WORKFLOW : ACTIVITY,
    reportStats: true,
  });
  const age = stats?.approximateBacklogAge;
  const lately = Date.now() - GONE_AFTER_MS;
  return {
    queue,
    type,
    backlog: Number(stats?.approximateBacklogCount ?? 0),
    backlogAgeSeconds: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9,
    workers: pollers
      .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > lately)
      .map(({ identity, deploymentOptions }) => ({
        identity: identity ?? '',
        buildId: deploymentOptions?.buildId || undefined,
      })),
  };
}
