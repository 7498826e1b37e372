import type { Command } from 'commander';
import { DEFAULT_EVERY, MOST_IN_FLIGHT } from '../../domain/backfill.ts';
import type { SessionDate } from '../../domain/bar.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import {
  type BackfillOrder,
  cancelBackfill,
  describeBackfill,
  failedPartitions,
  listBackfills,
  pauseBackfill,
  resumeBackfill,
  retryFailed,
  startBackfill,
} from '../../serving/backfills/backfills.ts';
import { previewBackfill } from '../../serving/backfills/preview.ts';
import type { StartedRun } from '../../serving/run-view.ts';
import { EXIT, Interrupted } from '../failure.ts';
import {
  type CommonOptions,
  type SearchOptions,
  countOption,
  dateOption,
  embargoOption,
  horizonList,
  kindList,
  limitOption,
  seedOption,
  tickerList,
  windowOption,
  withCommonOptions,
  withSearchOptions,
} from '../options.ts';
import type { Output } from '../output.ts';
import type { Parts } from '../parts.ts';
import { backfillFailed } from '../progress/run-outcome.ts';
import { watchBackfill } from '../progress/watch-run.ts';
import { backfillDetails, failedTable, previewText } from '../tables/backfill-tables.ts';
import { runList, startedLine } from '../tables/run-tables.ts';
import { trainingWish } from './train.ts';

const DEFAULT_LIMIT = 20;
/** Lines of planning are said for so many partitions each. */
const PLANNED_LINES = 500;

interface StartOptions extends CommonOptions, SearchOptions {
  readonly from: SessionDate;
  readonly to: SessionDate;
  readonly every: number;
  readonly tickers?: readonly string[];
  readonly horizons?: readonly Horizon[];
  readonly kinds?: readonly string[];
  readonly window?: TrainingWindow;
  readonly seed?: number;
  readonly embargo?: number;
  readonly scaleTargets: boolean;
  readonly maxInFlight?: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly wait: boolean;
}

/** `backfill`: trains tickers as of many past days, and shows, pauses, resumes, cancels and retries that. */
export function addBackfill(program: Command, parts: Parts): void {
  const command = program
    .command('backfill')
    .description('train tickers as of many past days, with only what was known then; show, pause, cancel, retry that');
  addStart(command, parts);
  addList(command, parts);
  addStatus(command, parts);

  const pause = command.command('pause').description('begin nothing more; what is under way comes to its end');
  addTelling(pause, parts, 'pause', pauseBackfill);
  const resume = command.command('resume').description('let a paused backfill go on');
  addTelling(resume, parts, 'resume', resumeBackfill);
  const cancel = command.command('cancel').description('stop a backfill and everything below it');
  addTelling(cancel, parts, 'cancel', cancelBackfill);
  addRetry(command, parts);
}

function addStart(backfill: Command, parts: Parts): void {
  const described = backfill
    .command('start', { isDefault: true })
    .description('start a backfill, or join an equal one that is under way')
    .requiredOption('--from <date>', 'the first day; the first partition is as of the next session', dateOption)
    .requiredOption('--to <date>', 'the last day', dateOption)
    .option('--every <sessions>', 'sessions from one partition to the next', countOption('--every'), DEFAULT_EVERY)
    .option('--tickers <list>', 'tickers; default: all known', tickerList)
    .option('--horizons <list>', `sessions ahead; default: ${DEFAULT_HORIZONS.join(',')}`, horizonList)
    .option('--kinds <list>', 'candidate kinds, for example linear,random-forest (default: all)', kindList)
    .option('--window <sessions>', 'newest sessions to learn from, or "all"', windowOption)
    .option('--seed <number>', 'seed of everything random', seedOption)
    .option('--embargo <sessions>', 'sessions left out of evaluations before each first forecast', embargoOption)
    .option('--no-scale-targets', 'learn returns as they are, not over their forecast volatility')
    .option('--max-in-flight <n>', 'tickers worked on at a time', countOption('--max-in-flight', MOST_IN_FLIGHT))
    .option('--force', 'compute also what is there already')
    .option('--dry-run', 'only say what would be made, what is there, and how long it may take');
  const command = withSearchOptions(described).option('--no-wait', 'only start it, and say how to follow it');
  const examples = [
    'backfill --tickers AAPL,MSFT --from 2010-01-01 --to 2012-12-31 --every 21 --dry-run',
    'backfill --tickers AAPL,MSFT --from 2010-01-01 --to 2012-12-31',
    'backfill --from 2012-01-01 --to 2012-12-31 --horizons 1 --kinds linear --no-wait',
  ];
  withCommonOptions(command, examples).action((options: StartOptions) => startOrPreview(parts, options));
}

function addList(backfill: Command, parts: Parts): void {
  const list = backfill
    .command('list')
    .description('list the newest backfills')
    .option('--limit <n>', 'how many', limitOption, DEFAULT_LIMIT);
  withCommonOptions(list, ['backfill list']).action(async (options: CommonOptions & { readonly limit: number }) => {
    const output = parts.output(options);
    const backfills = await listBackfills(await parts.temporal(), parts.context(), options.limit);
    output.result({ runs: backfills }, () =>
      backfills.length === 0 ? 'There are no backfills yet.' : runList(backfills, output.colors),
    );
  });
}

function addStatus(backfill: Command, parts: Parts): void {
  const status = backfill
    .command('status')
    .description('show how far a backfill is, or how it ended')
    .argument('<id>', 'the backfill')
    .option('--failed', 'list all partitions that failed')
    .option('--watch', 'show its progress until it has ended');
  const examples = ['backfill status backfill/default/2012-12-31/3f9c12a0b1c2', 'backfill status ID --failed --json'];
  withCommonOptions(status, examples).action(
    async (id: string, options: CommonOptions & { readonly failed?: boolean; readonly watch?: boolean }) => {
      const output = parts.output(options);
      const [temporal, context] = [await parts.temporal(), parts.context()];
      if (options.failed === true) {
        const failed = await failedPartitions(temporal, context, id);
        return output.result(failed, () => failedTable(failed, output.colors));
      }
      const view =
        options.watch === true ? await watch(parts, output, id) : await describeBackfill(temporal, context, id);
      output.result(view, () => backfillDetails(view, output.colors));
    },
  );
}

function addTelling(command: Command, parts: Parts, what: string, tell: typeof pauseBackfill): void {
  command.argument('<id>', 'the backfill');
  withCommonOptions(command, [`backfill ${what} backfill/default/2012-12-31/3f9c12a0b1c2`]).action(
    async (id: string, options: CommonOptions) => {
      const output = parts.output(options);
      await tell(await parts.temporal(), parts.context(), id);
      output.result(
        { run_id: id, requested: what },
        () => `${id} was asked to ${what}: npx stockcast backfill status ${id}`,
      );
    },
  );
}

function addRetry(backfill: Command, parts: Parts): void {
  const retry = backfill
    .command('retry')
    .description('make the partitions that failed, and no others')
    .argument('<id>', 'the backfill')
    .requiredOption('--failed', 'those that failed')
    .option('--no-wait', 'only start it, and say how to follow it');
  withCommonOptions(retry, ['backfill retry --failed backfill/default/2012-12-31/3f9c12a0b1c2']).action(
    async (id: string, options: CommonOptions & { readonly wait: boolean }) => {
      const output = parts.output(options);
      const started = await retryFailed(await parts.temporal(), parts.context(), id);
      await followed(parts, output, started, options.wait);
    },
  );
}

async function startOrPreview(parts: Parts, options: StartOptions): Promise<void> {
  const output = parts.output(options);
  const { from, to, every, tickers, dryRun, force = false } = options;
  // Nothing a backfill chooses comes to serve, so nobody has to approve it.
  const { requireApproval: _, ...wish } = trainingWish(parts, options);
  const order: BackfillOrder = {
    ...{ from, to, every, wish, force },
    maxInFlight: options.maxInFlight ?? parts.settings().maxInFlight,
    ...(tickers === undefined ? {} : { tickers }),
  };
  const [services, temporal, context] = [await parts.services(), await parts.temporal(), parts.context()];
  if (dryRun !== true) {
    return followed(parts, output, await startBackfill(services, temporal, context, order), options.wait);
  }
  const { signal } = parts.interruption();
  const onProgress = (done: number, total: number) => {
    if (done % PLANNED_LINES === 0) output.say(`planned ${done} of ${total} partitions`);
  };
  const preview = await previewBackfill(services, temporal, context, order, { signal, onProgress }).catch(
    (error: unknown) => {
      if (signal.aborted) throw new Interrupted('stopped planning; nothing was started', { cause: error });
      throw error;
    },
  );
  output.result(preview, () => previewText(preview, output.colors));
}

/** Says what was started, and shows its progress until it has ended, if that is wanted. */
async function followed(parts: Parts, output: Output, started: StartedRun, wait: boolean): Promise<void> {
  const { run_id: id } = started;
  if (!wait) {
    return output.result(started, () => [startedLine(started), ...howToFollow(id)].join('\n'));
  }
  output.say(startedLine(started));
  const view = await watch(parts, output, id);
  output.result(view, () => backfillDetails(view, output.colors));
  const failure = backfillFailed(view);
  if (failure === undefined) return;
  const { code, message } = failure;
  parts.complain({ code, message });
  parts.exitWith(EXIT.failure);
}

async function watch(parts: Parts, output: Output, id: string) {
  const [temporal, context] = [await parts.temporal(), parts.context()];
  const { signal } = parts.interruption();
  const describe = () => describeBackfill(temporal, context, id);
  return watchBackfill({ context, output, signal, describe }).catch((error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(['stopped watching; the backfill goes on', ...howToFollow(id)].join('\n'));
  });
}

function howToFollow(id: string): string[] {
  return [
    `  follow it:  npx stockcast backfill status --watch ${id}`,
    `  pause it:   npx stockcast backfill pause ${id}`,
    `  cancel it:  npx stockcast backfill cancel ${id}`,
  ];
}
