import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import { forecast } from '../../serving/forecasting.ts';
import { type LeaderboardEntry, leaderboard } from '../../serving/leaderboard.ts';
import { type PredictionAnswer, predictionAnswer } from '../../serving/prediction-answer.ts';
import type { RunView } from '../../serving/run-view.ts';
import { describeRun, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { Interrupted } from '../failure.ts';
import { type CommonOptions, fileOption, horizonList, tickerList, withCommonOptions } from '../options.ts';
import type { Output } from '../output.ts';
import type { Parts, RunningStack } from '../parts.ts';
import { Phases } from '../progress/phases.ts';
import { type RunFailure, failureLine, failuresOf, runFailed } from '../progress/run-outcome.ts';
import { watchRun } from '../progress/watch-run.ts';
import { leaderboardRecord } from '../tables/leaderboard-table.ts';
import { readyText } from '../tables/ready-text.ts';
import { takeInSummary } from '../tables/take-in-summary.ts';
import { startedLine, trainingWish } from './train.ts';
import { type TakeInOptions, takeInRequest, withTakeInOptions } from './upload.ts';

interface UpOptions extends CommonOptions, TakeInOptions {
  readonly once?: boolean;
  readonly tickers?: readonly string[];
  readonly horizons?: readonly Horizon[];
  readonly csv?: string;
  readonly fresh?: boolean;
}

/** `up`: boots the stack, runs the pipeline on prices, shows what came of it, and serves. */
export function addUp(program: Command, parts: Parts): void {
  const command = withTakeInOptions(
    program
      .command('up')
      .description('boot the local stack, run the pipeline, show what came of it, and serve (npm start)')
      .option('--once', 'stop when the forecasts are shown, instead of serving')
      .option('--tickers <list>', 'tickers to train, for example AAPL,MSFT; default: those of the file', tickerList)
      .option('--horizons <list>', `sessions ahead; default: ${DEFAULT_HORIZONS.join(',')}`, horizonList)
      .option('--csv <file>', 'your prices instead of the bundled ones', fileOption),
  ).option('--fresh', 'first forget everything that was kept: prices, models, forecasts, runs');
  const examples = ['up', 'up --once', 'up --tickers AAPL,MSFT --horizons 5', 'up --csv prices.csv --events splits.csv'];
  withCommonOptions(command, examples).action((options: UpOptions) => up(parts, options));
}

async function up(parts: Parts, options: UpOptions): Promise<void> {
  if (options.events !== undefined && options.csv === undefined) {
    throw new StockcastError('REQUEST_INVALID', { field: '--events', problem: 'belongs to --csv, which is missing' });
  }
  const output = parts.output(options);
  const { signal, requested } = parts.interruption();
  const phases = new Phases();
  // While progress is drawn in place, the stack's own lines have to go above it.
  let say = (line: string) => output.say(line);
  const stackOptions = { say: (line: string) => say(line), signal };
  try {
    if (options.fresh === true) {
      await parts.forgetState();
      say('forgot everything that was kept');
    }
    if (!parts.externalTemporal()) {
      await phases.run('Temporal CLI', () => parts.ensureTemporalCli(stackOptions));
      proceed(signal);
    }
    const stack = await phases.run('stack', () => parts.startStack(stackOptions));
    try {
      const failed = await runPipeline(parts, options, output, phases, stack, (next) => {
        say = next;
      });
      if (options.once === true) {
        if (failed !== undefined) throw failed;
        return;
      }
      output.say('serving until Ctrl-C');
      await Promise.race([requested, stack.failed.then((error) => Promise.reject(error))]);
    } finally {
      say = (line) => output.say(line);
      say('stopping');
      await parts.close();
      await stack.stop();
      say('stopped everything that was started here');
    }
  } catch (error) {
    if (!signal.aborted || error instanceof Interrupted) throw error;
    throw new Interrupted('stopped before the pipeline was done', { cause: error });
  }
}

/** Takes prices in, trains, and shows what came of it; returns the error of tickers that failed. */
async function runPipeline(
  parts: Parts,
  options: UpOptions,
  output: Output,
  phases: Phases,
  stack: RunningStack,
  sayBy: (say: (line: string) => void) => void,
): Promise<StockcastError | undefined> {
  const { signal } = parts.interruption();
  proceed(signal);
  const context = parts.context();
  const [services, temporal] = [await parts.services(), await parts.temporal()];

  const files =
    options.csv === undefined
      ? takeInRequest(parts.sample.pricesPath, { ...options, events: parts.sample.eventsPath })
      : takeInRequest(options.csv, options);
  const report = await phases.run('prices', () => takeInPrices(services, context, { ...files, signal }));
  output.say(takeInSummary(report));
  proceed(signal);

  const horizons = options.horizons ?? DEFAULT_HORIZONS;
  const tickers = options.tickers ?? report.tickers.map(({ ticker }) => ticker);
  const run = await phases.run('training', async () => {
    const request = { tickers, maxInFlight: parts.settings().maxInFlight };
    const started = await startUniverseTraining(services, temporal, context, request, trainingWish(parts, { horizons }));
    output.say(startedLine(started));
    const describe = () => describeRun(temporal, context, started.run_id);
    const ended = watchRun({ context, output, signal, describe }, sayBy);
    return ended.finally(() => sayBy((line) => output.say(line)));
  });

  const { entries, answers } = await phases.run('forecasts', async () => {
    const board = await leaderboard(services, context, [...new Set(tickers)].sort(), horizons);
    return { entries: board, answers: await promotedForecasts(parts, board) };
  });
  const failures = failuresOf(run);
  const { addresses } = stack;
  const seconds = { total: Math.round(phases.elapsedMs) / 1000, ...phases.secondsByPhase };
  output.result(upRecord(run, failures, entries, answers, addresses, seconds), () =>
    readyText({ entries, answers, addresses, took: phases.toString() }, output.colors),
  );
  if (failures.length === 0) return undefined;
  if (options.once !== true) {
    for (const failure of failures) parts.complain({ code: 'RUN_FAILED', message: failureLine(failure) });
  }
  return runFailed(run.run_id, failures);
}

async function promotedForecasts(parts: Parts, entries: readonly LeaderboardEntry[]): Promise<PredictionAnswer[]> {
  const services = await parts.services();
  const context = parts.context();
  const answers: PredictionAnswer[] = [];
  for (const { ticker, horizon, promoted } of entries) {
    if (promoted === null) continue;
    answers.push(predictionAnswer(context, await forecast(services, context, { ticker, horizon })));
  }
  return answers;
}

function upRecord(
  run: RunView,
  failures: readonly RunFailure[],
  entries: readonly LeaderboardEntry[],
  predictions: readonly PredictionAnswer[],
  addresses: RunningStack['addresses'],
  seconds: Readonly<Record<string, number>>,
) {
  const { run_id, status } = run;
  return { run_id, status, failures, leaderboard: leaderboardRecord(entries), predictions, addresses, seconds };
}

function proceed(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('stopped before the pipeline was done');
}
