import type { Command } from 'commander';
import type { Horizon } from '../../domain/horizon.ts';
import { listApprovals, sendVerdict } from '../../serving/approvals.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import { cancelRun, describeRun, listRuns } from '../../serving/runs.ts';
import { type CommonOptions, horizonOption, limitOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { addParked } from './parked-runs.ts';
import { approvalList, verdictLine } from '../tables/approval-tables.ts';
import { runDetails, runList } from '../tables/run-tables.ts';

const DEFAULT_LIMIT = 20;

interface VerdictOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly by: string;
  readonly reason: string;
}

/** `runs`: lists training runs, shows one, cancels one, and gives those that wait for a person what they wait for. */
export function addRuns(program: Command, parts: Parts): void {
  const command = program
    .command('runs')
    .description('list training runs, show one, cancel one, approve what one wants to promote, mend what is parked');

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

  const approvals = command.command('approvals').description('list the decisions that wait for a person');
  withCommonOptions(approvals, ['runs approvals', 'runs approvals --json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const answer = await listApprovals(await parts.temporal(), parts.context());
    output.result(answer, () => approvalList(answer, output.colors));
  });

  addParked(command, parts);
  addVerdict(command, parts, true);
  addVerdict(command, parts, false);
}

function addVerdict(runs: Command, parts: Parts, approve: boolean): void {
  const name = approve ? 'approve' : 'reject';
  const command = runs
    .command(name)
    .description(approve ? 'let what a waiting run has chosen serve' : 'let what serves serve on')
    .argument('<id>', 'the run')
    .requiredOption('--horizon <sessions>', 'the horizon that was decided about', horizonOption)
    .requiredOption('--by <name>', 'who says so, for the ledger')
    .requiredOption('--reason <text>', 'why, for the ledger');
  const example = `runs ${name} train/default/AAPL/2013-03-01/3f9c12a0b1c2 --horizon 10 --by Ada --reason "checked it"`;
  withCommonOptions(command, [example]).action(async (id: string, options: VerdictOptions) => {
    const output = parts.output(options);
    const { horizon, by, reason } = options;
    const verdict = { horizon, approve, by, reason };
    const answer = await sendVerdict(await parts.temporal(), parts.context(), id, verdict);
    output.result(answer, () => verdictLine(answer));
  });
}
