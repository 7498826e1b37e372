import { StockcastError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import { taskQueueStates } from '../serving/task-queues.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';

/** What waits on each task queue, and which builds work on it. */
export async function taskQueueFindings(temporal: TemporalGateway): Promise<Finding[]> {
  try {
    const states = await taskQueueStates(temporal);
    return [...new Set(states.map(({ queue }) => queue))].map((queue) => {
      const here = states.filter((state) => state.queue === queue);
      const waiting = here.reduce((sum, { backlog }) => sum + backlog, 0);
      const workers = new Map(
        here.flatMap((state) => state.workers.map(({ identity, buildId }) => [identity, buildId])),
      );
      const found = { part: `Queue ${queue}`, version: `${waiting} waiting` };
      if (workers.size === 0) {
        return {
          ...found,
          status: 'missing',
          hint: `no worker asks for its tasks; npx stockcast worker --queue ${queue}`,
        };
      }
      const builds = [...new Set([...workers.values()].map((buildId) => buildId ?? 'of unknown build'))].sort();
      return { ...found, status: 'ok', where: `${workers.size} at work: ${builds.join(', ')}` };
    });
  } catch (error) {
    if (!(error instanceof StockcastError)) throw error;
    return [{ part: 'Task queues', status: 'wrong', hint: error.message }];
  }
}
