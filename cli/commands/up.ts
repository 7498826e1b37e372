import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import { EXIT, Interrupted } from '../failure.ts';
import {
  type CommonOptions,
  type SearchOptions,
  fileOption,
  horizonList,
  searchBudget,
  tickerList,
  withCommonOptions,
  withSearchOptions,
} from '../options.ts';
import type { Output } from '../output.ts';
import type { Parts, RunningStack } from '../parts.ts';
import { type PipelineOutcome, proceed, runPipeline } from '../pipeline.ts';
import { Phases } from '../progress/phases.ts';
import { failuresOf, runFailed } from '../progress/run-outcome.ts';
import { applyAtStart } from '../schedules-at-start.ts';
import { readyRecord, readyText } from '../tables/ready.ts';
import { trainingWish } from './train.ts';
import { type TakeInOptions, takeInRequest, withTakeInOptions } from './upload.ts';

interface UpOptions extends CommonOptions, TakeInOptions, SearchOptions {
  readonly once?: boolean;
  readonly tickers?: readonly string[];
  readonly horizons?: readonly Horizon[];
  readonly csv?: string;
  readonly fresh?: boolean;
  readonly real?: boolean;
  readonly schedules?: boolean;
}

/** `up`: boots the stack, runs the pipeline on prices, shows what came of it, and serves. */
export function addUp(program: Command, parts: Parts): void {
  const described = withTakeInOptions(
    program
      .command('up')
      .description('boot the local stack, run the pipeline, show what came of it, and serve (npm start)')
      .option('--once', 'stop when the forecasts are shown, instead of serving')
      .option('--tickers <list>', 'tickers to train, for example AAPL,MSFT; default: those of the file', tickerList)
      .option('--horizons <list>', `sessions ahead; default: ${DEFAULT_HORIZONS.join(',')}`, horizonList)
      .option('--csv <file>', 'your prices instead of the bundled ones', fileOption),
  );
  const command = withSearchOptions(described)
    .option('--fresh', 'first forget everything that was kept: prices, models, forecasts, runs')
    .option('--schedules', 'let the schedules run, instead of leaving them paused until they are resumed')
    .option('--real', 'boot real services too (Redis, MinIO, …; npm run stack), on a state folder of their own');
  const examples = [
    'up',
    'up --once',
    'up --tickers AAPL,MSFT --horizons 5',
    'up --csv prices.csv --events splits.csv',
  ];
  withCommonOptions(command, examples).action((options: UpOptions) => up(parts, options));
}

async function up(parts: Parts, options: UpOptions): Promise<void> {
  if (options.events !== undefined && options.csv === undefined) {
    throw new StockcastError('REQUEST_INVALID', { field: '--events', problem: 'belongs to --csv, which is missing' });
  }
  searchBudget(options);
  const output = parts.output(options);
  const { signal, requested } = parts.interruption();
  const phases = new Phases();
  const real = options.real === true;
  const stackOptions = { say: (line: string) => output.say(line), signal, real };
  if (real) parts.useRealServices();
  try {
    if (options.fresh === true) {
      await parts.forgetState();
      output.say('forgot everything that was kept');
    }
    if (!parts.externalTemporal()) {
      await phases.run('Temporal CLI', () => parts.ensureTemporalCli(stackOptions));
      proceed(signal);
    }
    output.say(`starting the local stack: database, Temporal, ${real ? 'real services, ' : ''}workers, API`);
    const stack = await phases.run('stack', () => parts.startStack(stackOptions));
    try {
      proceed(signal);
      const run = options.schedules === true || parts.settings().schedules.atStart === 'running';
      output.say(await applyAtStart(parts, run));
      const broken = abortedBy(stack.failed);
      const either = AbortSignal.any([signal, broken]);
      const pipeline = runPipeline(parts, pipelineRequest(parts, options, output, phases, either));
      const outcome = await pipeline.catch((error: unknown) => Promise.reject(broken.aborted ? broken.reason : error));
      show(outcome, stack, output, phases);
      tellFailures(outcome, parts, options.once === true);
      if (options.once === true) return;
      output.say('serving until Ctrl-C');
      await Promise.race([requested, stack.failed.then((error) => Promise.reject(error))]);
    } finally {
      output.say('stopping');
      await parts.close();
      await stack.stop();
      output.say('stopped everything that was started here');
    }
  } catch (error) {
    if (!signal.aborted || error instanceof Interrupted) throw error;
    throw new Interrupted('stopped before the pipeline was done', { cause: error });
  }
}

// Without the part that stays dead, the run would be watched for ever.
function abortedBy(failed: Promise<Error>): AbortSignal {
  const controller = new AbortController();
  void failed.then((error) => controller.abort(error));
  return controller.signal;
}

function pipelineRequest(parts: Parts, options: UpOptions, output: Output, phases: Phases, signal: AbortSignal) {
  const { csv, tickers, horizons = DEFAULT_HORIZONS } = options;
  const { pricesPath, eventsPath } = parts.sample;
  const files =
    csv === undefined ? takeInRequest(pricesPath, { ...options, events: eventsPath }) : takeInRequest(csv, options);
  return { files, tickers, horizons, wish: trainingWish(parts, { ...options, horizons }), output, phases, signal };
}

function show(outcome: PipelineOutcome, stack: RunningStack, output: Output, phases: Phases): void {
  const { addresses } = stack;
  const seconds = { total: Math.round(phases.elapsedMs) / 1000, ...phases.secondsByPhase };
  output.result(readyRecord(outcome, addresses, seconds), () =>
    readyText(outcome, addresses, phases.toString(), output.colors),
  );
}

// What was promoted before keeps serving, so that a failed run ends only what was started for the run's sake.
function tellFailures({ run }: PipelineOutcome, parts: Parts, once: boolean): void {
  const failures = failuresOf(run);
  if (failures.length === 0) return;
  if (once) parts.exitWith(EXIT.failure);
  const { code, message } = runFailed(run.run_id, failures);
  parts.complain({ code, message });
}
