import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { type TrainingPrices, freshForTraining } from '../../serving/fresh-for-training.ts';
import { leaderboard } from '../../serving/leaderboard.ts';
import { type TrainingWish, trainingPlan } from '../../serving/planning.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import type { RunView } from '../../serving/run-view.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { Interrupted } from '../failure.ts';
import {
  type CommonOptions,
  SOURCE_HELP,
  type SearchOptions,
  dateOption,
  embargoOption,
  horizonList,
  kindList,
  searchBudget,
  seedOption,
  tickerArguments,
  windowOption,
  withCommonOptions,
  withSearchOptions,
} from '../options.ts';
import type { Parts } from '../parts.ts';
import { seeThrough } from '../started-run.ts';
import { leaderboardTable } from '../tables/leaderboard-table.ts';
import { runDetails } from '../tables/run-tables.ts';

interface TrainOptions extends CommonOptions, SearchOptions {
  readonly horizons?: readonly Horizon[];
  readonly kinds?: readonly string[];
  readonly window?: TrainingWindow;
  readonly seed?: number;
  readonly embargo?: number;
  /** Commander's: false when `--no-scale-targets` is given. */
  readonly scaleTargets: boolean;
  readonly requireApproval?: boolean;
  readonly asOf?: SessionDate;
  readonly source?: string;
  readonly wait: boolean;
}

/** `train`: starts training, or joins an equal run, and shows its progress. */
export function addTrain(program: Command, parts: Parts): void {
  const described = program
    .command('train')
    .description('train, evaluate and promote models; an equal request joins the run that is there')
    .argument('[ticker...]', 'tickers; default: all known', tickerArguments, [])
    .option('--horizons <list>', `sessions ahead; default: ${DEFAULT_HORIZONS.join(',')}`, horizonList)
    .option('--kinds <list>', 'candidate kinds, for example linear,random-forest (default: all)', kindList)
    .option('--window <sessions>', 'newest sessions to learn from, or "all"', windowOption)
    .option('--seed <number>', 'seed of everything random', seedOption)
    .option(
      '--embargo <sessions>',
      'sessions left out of evaluations before each first forecast; default: 0',
      embargoOption,
    )
    .option('--no-scale-targets', 'learn returns as they are, not over their forecast volatility')
    .option('--require-approval', 'wait for a person before another model serves')
    .option('--as-of <date>', 'train on what was known at the end of that day', dateOption)
    .option('--source <name>', SOURCE_HELP);
  const command = withSearchOptions(described).option('--no-wait', 'only start the run, and say how to follow it');
  const examples = [
    'train',
    'train AAPL --horizons 1,10',
    'train AAPL --as-of 2010-06-30',
    'train AAPL --source yahoo',
    'train AAPL --trials 8',
    'train --no-wait --json',
  ];
  withCommonOptions(command, examples).action((tickers: readonly string[], options: TrainOptions) =>
    train(parts, tickers, options),
  );
}

async function train(parts: Parts, tickers: readonly string[], options: TrainOptions): Promise<void> {
  const output = parts.output(options);
  const context = parts.context();
  const wish = trainingWish(parts, options);
  // What is wrong with the request is said before anything is opened.
  const plan = trainingPlan(wish);
  vantageOf(context, options.asOf);

  const [services, temporal] = [await parts.services(), await parts.temporal()];
  const [only] = tickers;
  const request = {
    ...(tickers.length === 0 ? {} : { tickers }),
    ...(options.asOf === undefined ? {} : { asOf: options.asOf }),
    maxInFlight: parts.settings().maxInFlight,
  };
  const asked = tickers.length === 0 ? undefined : tickers;
  const { signal } = parts.interruption();
  const { source, asOf } = options;
  const nothing = (cause?: unknown) => new Interrupted('stopped; nothing was started', { cause });
  const prices = await freshForTraining(services, context, asked, { source, asOf, signal }).catch((error: unknown) => {
    if (signal.aborted) throw nothing(error);
    throw error;
  });
  if (signal.aborted) throw nothing();
  for (const fresh of prices) output.say(pricesLine(fresh));
  const started =
    tickers.length === 1 && only !== undefined
      ? await startTickerTraining(services, temporal, context, only, wish, options.asOf)
      : await startUniverseTraining(services, temporal, context, request, wish);
  await seeThrough(parts, output, started, options.wait, async (run) => {
    // The leaderboard shows what is newest, which a run on an earlier day's knowledge is not.
    const trained = options.asOf === undefined ? trainedTickers(run) : [];
    const entries = await leaderboard(services, context, trained, plan.horizons);
    const board = entries.length === 0 ? [] : [leaderboardTable(entries, output.colors)];
    output.result(runAnswer(run), () => [runDetails(run, output.colors), ...board].join('\n\n'));
  });
}

/** What to train, with what the person left open filled in from the settings. */
export function trainingWish(parts: Parts, options: Partial<Omit<TrainOptions, 'wait'>>): TrainingWish {
  const settings = parts.settings();
  const window = options.window ?? settings.trainingWindow;
  const search = searchBudget(options);
  return {
    seed: options.seed ?? settings.seed,
    scaleTargets: options.scaleTargets ?? true,
    requireApproval: settings.requireApproval || options.requireApproval === true,
    parking: settings.parking,
    ...(options.embargo === undefined ? {} : { embargo: options.embargo }),
    ...(options.horizons === undefined ? {} : { horizons: options.horizons }),
    ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
    ...(window === undefined ? {} : { window }),
    ...(search === undefined ? {} : { search }),
  };
}

function pricesLine({ ticker, source, last_session: last, problem }: TrainingPrices): string {
  return `${ticker}: prices to ${last}${problem === undefined ? ` by ${source}` : `, perhaps not the newest: ${problem}`}`;
}

function trainedTickers({ result }: RunView): string[] {
  if (result === undefined) return [];
  if ('outcomes' in result) return result.outcomes.map(({ ticker }) => ticker).sort();
  return 'ticker' in result ? [result.ticker] : [];
}
