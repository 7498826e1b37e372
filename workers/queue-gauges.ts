import { performance } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import { StockcastError } from '../domain/errors.ts';
import type { TaskQueueState } from '../serving/task-queues.ts';
import { undefinedWhenFailing } from './undefined-when-failing.ts';

const PREFIX = 'stockcast_';
/** Temporal's own figures of a queue are some seconds old, too. */
const HOLD_MS = 5000;

/**
 * Adds what waits on the task queues, looked up when the metrics are asked for, at most every five seconds. While
 * Temporal does not answer, or refuses, there are none, and `stockcast_dependency_up{dependency="temporal"}` is 0.
 *
 * @param say told once of what fails otherwise than by Temporal being away
 */
export function registerQueueGauges(
  registry: Registry,
  look: () => Promise<readonly TaskQueueState[]>,
  say: (line: string) => void = (line) => console.error(line),
): void {
  const orNone = undefinedWhenFailing(
    'the task queues cannot be asked about, so metrics are without them',
    say,
    isAway,
  );
  let last: { readonly at: number; readonly states: Promise<readonly TaskQueueState[] | undefined> } | undefined;
  const states = () => {
    if (last === undefined || performance.now() - last.at > HOLD_MS) {
      last = { at: performance.now(), states: orNone(look) };
    }
    return last.states;
  };
  const gauge = (name: string, help: string, value: (state: TaskQueueState) => number) =>
    new Gauge({
      name: `${PREFIX}task_queue_${name}`,
      help,
      labelNames: ['queue', 'type'],
      registers: [registry],
      async collect() {
        this.reset();
        for (const state of (await states()) ?? []) {
          this.set({ queue: state.queue, type: state.type }, value(state));
        }
      },
    });
  gauge('backlog_tasks', 'Tasks that no worker has taken yet, about', ({ backlog }) => backlog);
  gauge('backlog_age_seconds', 'How long the oldest of them has waited', ({ backlogAgeSeconds }) => backlogAgeSeconds);
  gauge('workers', 'Workers that asked for work lately', ({ workers }) => workers.length);
  new Gauge({
    name: `${PREFIX}dependency_up`,
    help: 'Whether a dependency answers',
    labelNames: ['dependency'],
    registers: [registry],
    async collect() {
      this.set({ dependency: 'temporal' }, (await states()) === undefined ? 0 : 1);
    },
  });
}

function isAway(error: unknown): boolean {
  return error instanceof StockcastError && error.code === 'TEMPORAL_UNAVAILABLE';
}
