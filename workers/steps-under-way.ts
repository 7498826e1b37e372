import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Knows which activities run now, so that a worker that must end can tell what it cuts off. */
export class StepsUnderWay {
  readonly #steps = new Set<{ readonly name: string }>();

  /** Notes each attempt from its beginning to its end. */
  readonly interceptor: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const step = { name: `${info.activityType} of ${info.workflowExecution?.workflowId}` };
        this.#steps.add(step);
        try {
          return await next(input);
        } finally {
          this.#steps.delete(step);
        }
      },
    },
  });

  /** Such as `ingest of train-AAPL`, those begun first in front. */
  get names(): readonly string[] {
    return [...this.#steps].map(({ name }) => name);
  }
}
