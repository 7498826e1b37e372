import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { DEFAULT_RULE, SPLIT_BY, type SplitBy } from '../../domain/experiment.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { experimentAnswer } from '../../serving/experiment-answer.ts';
import { startJudging } from '../../serving/daily-runs.ts';
import { experimentNamed, startExperiment, stopExperiment } from '../../serving/experiments.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import {
  type CommonOptions,
  dateOption,
  horizonOption,
  limitOption,
  looksOption,
  fractionOption,
  tickerList,
  withCommonOptions,
} from '../options.ts';
import type { Parts } from '../parts.ts';
import { seeThrough } from '../started-run.ts';
import { experimentDetails, experimentList } from '../tables/experiment-tables.ts';
import { runDetails } from '../tables/run-tables.ts';

const DEFAULT_LIMIT = 20;

interface StartOptions extends CommonOptions {
  readonly tickers: readonly string[];
  readonly challenger: string;
  readonly horizon: Horizon;
  readonly split?: number;
  readonly splitBy?: SplitBy;
  readonly looks?: readonly number[];
  readonly alpha?: number;
  readonly by?: string;
}

/** `experiments`: holds challengers against what serves, shows what came of it, ends and judges them. */
export function addExperiments(program: Command, parts: Parts): void {
  const command = program
    .command('experiments')
    .description('hold challengers against what serves, unseen or for a share of those who ask');

  const list = command
    .command('list', { isDefault: true })
    .description('list experiments, newest first')
    .option('--running', 'only those that run')
    .option('--limit <n>', 'how many', limitOption, DEFAULT_LIMIT);
  withCommonOptions(list, ['experiments', 'experiments list --running --json']).action(
    async ({ limit, running = false, ...options }: CommonOptions & { limit: number; running?: boolean }) => {
      const output = parts.output(options);
      const found = await (await parts.services()).experiments.list(parts.context(), { limit, running });
      const experiments = found.map(experimentAnswer);
      output.result({ experiments }, () => experimentList(experiments, output.colors));
    },
  );

  const show = command
    .command('show')
    .description('show one: its stopping rule, what was found at each look, its verdict')
    .argument('<id>', 'the experiment');
  withCommonOptions(show, ['experiments show 3f9c12a0b1c2']).action(async (id: string, options: CommonOptions) => {
    const output = parts.output(options);
    const answer = experimentAnswer(await experimentNamed(await parts.services(), parts.context(), id));
    output.result(answer, () => experimentDetails(answer, output.colors));
  });

  const start = command
    .command('start')
    .description('hold a challenger against what serves, in shadow unless --split is given')
    .requiredOption('--tickers <list>', 'the tickers, A,B,C', tickerList)
    .requiredOption(
      '--challenger <model>',
      'a kind for its newest evaluated version, or for one ticker the id of a model',
    )
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option('--split <share>', 'have the challenger answer this share, above 0 and at most 1', (text) =>
      fractionOption('--split', text),
    )
    .option('--split-by <what>', `what it is a share of: ${SPLIT_BY.join(' or ')}; default: ${SPLIT_BY[0]}`)
    .option('--looks <list>', `numbers of pairs to look at it; default: ${DEFAULT_RULE.looks.join(',')}`, looksOption)
    .option('--alpha <p>', `probability of a false promotion; default: ${DEFAULT_RULE.alpha}`, (text) =>
      fractionOption('--alpha', text),
    )
    .option('--by <name>', 'who says so, for the ledger; default: STOCKCAST_PRINCIPAL');
  const examples = [
    'experiments start --tickers AAPL --challenger linear --horizon 1',
    'experiments start --tickers AAPL --challenger pooled-ensemble --horizon 1 --split 0.1 --split-by request',
  ];
  withCommonOptions(start, examples).action(async (options: StartOptions) => {
    const output = parts.output(options);
    const { tickers, challenger, horizon, split: share, splitBy, looks, alpha, by } = options;
    const started = await startExperiment(await parts.services(), parts.context(), {
      ...{ tickers, challenger, horizon, share, splitBy, looks, alpha, by },
      mode: share === undefined ? 'shadow' : 'split',
    });
    const answer = experimentAnswer(started);
    output.result(answer, () => experimentDetails(answer, output.colors));
  });

  const stop = command
    .command('stop')
    .description('end one without a verdict; what serves goes on')
    .argument('<id>', 'the experiment')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .option('--by <name>', 'who says so, for the ledger; default: STOCKCAST_PRINCIPAL');
  withCommonOptions(stop, ['experiments stop 3f9c12a0b1c2 --reason "the challenger is retired"']).action(
    async (id: string, options: CommonOptions & { readonly reason: string; readonly by?: string }) => {
      const output = parts.output(options);
      const answer = experimentAnswer(await stopExperiment(await parts.services(), parts.context(), id, options));
      output.result(answer, () => experimentDetails(answer, output.colors));
    },
  );

  const judge = command
    .command('judge')
    .description('judge all that run by what has matured, and carry out what follows')
    .option('--as-of <date>', 'only what had matured by the end of that day', dateOption)
    .option('--no-wait', 'only start the run');
  withCommonOptions(judge, ['experiments judge', 'experiments judge --no-wait --json']).action(
    async (options: CommonOptions & { readonly asOf?: SessionDate; readonly wait: boolean }) => {
      const output = parts.output(options);
      const started = await startJudging(await parts.temporal(), parts.context(), options.asOf);
      await seeThrough(parts, output, started, options.wait, (run) =>
        output.result(runAnswer(run), () => runDetails(run, output.colors)),
      );
    },
  );
}
