import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Lets no step kill one process after the other within workflow tasks, where Temporal counts no attempts: each is noted
 * in a file while it is under way, and one that is found noted was a process' last. It fails there, so that its run has
 * it done by way of the server, where attempts are counted.
 *
 * @param dir a folder that outlives the process; only a process that is killed leaves a file there, and a file is of one
 *   step of one execution of a run
 */
export function atHandJournal(dir: string): ActivityInterceptorsFactory {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        if (!info.isLocal) return next(input);
        const path = join(dir, `${info.workflowExecution!.runId}-${info.activityId}`);
        note(path, info.activityType);
        try {
          return await next(input);
        } finally {
          rmSync(path, { force: true });
        }
      },
    },
  });
}

function note(path: string, step: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Only the run hears of it, which then has the step done by way of the server.
    throw new Error(`a process was killed in ${step}, or is still at it, so that it goes by way of the server`);
  }
}
