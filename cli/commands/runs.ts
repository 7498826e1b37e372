import type { Command } from 'commander';
import { runAnswer } from '../../serving/run-answer.ts';
import { cancelRun, describeRun, listRuns } from '../../serving/runs.ts';
import { type CommonOptions, limitOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { runDetails, runList } from '../tables/run-tables.ts';

const DEFAULT_LIMIT = 20;

/** `runs`: lists training runs, shows one, cancels one. */
export function addRuns(program: Command, parts: Parts): void {
  const command = program.command('runs').description('list training runs, show one, cancel one');

  const list = command
    .command('list', { isDefault: true })
    .description('list the newest runs')
    .option('--limit <n>', 'how many', limitOption, DEFAULT_LIMIT);
  const listExamples = ['runs', 'runs list --limit 5', 'runs --json'];
  withCommonOptions(list, listExamples).action(async (options: CommonOptions & { readonly limit: number }) => {
    const output = parts.output(options);
    const runs = await listRuns(await parts.temporal(), parts.context(), options.limit);
    output.result({ runs }, () => runList(runs, output.colors));
  });

  const show = command
    .command('show')
    .description('show how far a run is, or how it ended')
    .argument('<id>', 'the run');
  withCommonOptions(show, ['runs show train/default/AAPL/2013-03-01/3f9c12a0b1c2']).action(
    async (id: string, options: CommonOptions) => {
      const output = parts.output(options);
      const run = await describeRun(await parts.temporal(), parts.context(), id);
      output.result(runAnswer(run), () => runDetails(run, output.colors));
    },
  );

  const cancel = command.command('cancel').description('ask a run to stop').argument('<id>', 'the run');
  withCommonOptions(cancel, ['runs cancel train/default/AAPL/2013-03-01/3f9c12a0b1c2']).action(
    async (id: string, options: CommonOptions) => {
      const output = parts.output(options);
      const [temporal, context] = [await parts.temporal(), parts.context()];
      const { status } = await describeRun(temporal, context, id);
      // Temporal takes a request to cancel what has ended, and does nothing.
      const running = status === 'running';
      if (running) await cancelRun(temporal, context, id);
      output.result({ run_id: id, status, cancel_requested: running }, () =>
        running ? `${id} was asked to stop: npx stockcast runs show ${id}` : `${id} has ended already: ${status}`,
      );
    },
  );
}
