import { type Command, Option } from 'commander';
import { QUEUES } from '../../domain/run.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';

interface WorkerOptions extends CommonOptions {
  readonly queue: readonly string[];
}

/** `worker`: one worker process, as a cluster runs many. */
export function addWorker(program: Command, parts: Parts): void {
  const queues = Object.values(QUEUES);
  const queue = new Option('--queue <name...>', 'task queues to work on').choices(queues).default(queues, 'all');
  const command = program.command('worker').description('run a worker until it is stopped').addOption(queue);
  const examples = ['worker', 'worker --queue stockcast stockcast-data', 'worker --queue stockcast-training'];
  withCommonOptions(command, examples).action((options: WorkerOptions) => parts.runWorker(options.queue));
}
