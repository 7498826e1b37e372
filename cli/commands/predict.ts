import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { type ErrorCode, StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { forecastAsOf } from '../../serving/forecast-as-of.ts';
import { UnheldForecasts } from '../../serving/forecasts.ts';
import { liveForecast } from '../../serving/live-forecast.ts';
import { type PredictionAnswer, answerAsOf, givenAnswer } from '../../serving/prediction-answer.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { EXIT } from '../failure.ts';
import {
  type CommonOptions,
  SOURCE_HELP,
  dateOption,
  horizonOption,
  tickerArguments,
  withCommonOptions,
} from '../options.ts';
import type { Output } from '../output.ts';
import type { Parts } from '../parts.ts';
import { failuresOf, runFailed } from '../progress/run-outcome.ts';
import { forecastTable } from '../tables/forecast-table.ts';
import { startedLine } from '../tables/run-tables.ts';
import { trainingWish } from './train.ts';
import { watchStarted } from '../started-run.ts';

interface PredictOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly model?: string;
  readonly source?: string;
  readonly asOf?: SessionDate;
  readonly train?: boolean;
}

type Result =
  | { readonly ticker: string; readonly result: PredictionAnswer }
  | { readonly ticker: string; readonly error: StockcastError };

/** What is wrong with one ticker and leaves the others their forecasts. */
const CONCERNS_ONE: ReadonlySet<ErrorCode> = new Set([
  'TICKER_UNKNOWN',
  'MODEL_MISSING',
  'OBJECT_MISSING',
  'OBJECT_DAMAGED',
  'SOURCE_TICKER_UNKNOWN',
  'SOURCE_UNAVAILABLE',
  'PRICES_REFUSED',
  'UPLOAD_BUSY',
]);

/** `predict`: the forecast of one ticker or several; several are answered one by one, so that one may fail alone. */
export function addPredict(program: Command, parts: Parts): void {
  const command = program
    .command('predict')
    .description('forecast a price by the promoted model, or by the one you name')
    .argument('<ticker...>', 'one ticker or several', tickerArguments)
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option('--model <kind>', 'a trained kind, for example random-forest; default: the promoted one')
    .option('--source <name>', SOURCE_HELP)
    .option('--as-of <date>', 'from what was known at the end of that day, by the model in production then', dateOption)
    .option('--train', 'with --as-of: where no model was in production then, train one with only that');
  const examples = [
    'predict AAPL',
    'predict AAPL MSFT --horizon 1',
    'predict AAPL --source yahoo',
    'predict AAPL --as-of 2010-06-01 --train',
    'predict AAPL --model random-forest --json',
  ];
  withCommonOptions(command, examples).action(async (tickers: readonly string[], options: PredictOptions) => {
    const output = parts.output(options);
    const context = parts.context();
    if (options.asOf !== undefined) vantageOf(context, options.asOf);
    else if (options.train === true) {
      throw new StockcastError('REQUEST_INVALID', {
        field: '--train',
        problem: 'belongs to --as-of, which is missing',
      });
    }
    const asked = [...new Set(tickers)];
    let results = await forecasts(parts, asked, options);
    const missing = results.flatMap((one) =>
      'error' in one && one.error.code === 'MODEL_MISSING' ? [one.ticker] : [],
    );
    if (options.train === true && missing.length > 0) {
      await trainThen(parts, output, missing, options);
      const made = await forecasts(parts, missing, options);
      results = results.map((one) => made.find(({ ticker }) => ticker === one.ticker) ?? one);
    }
    const answers = results.flatMap((one) => ('result' in one ? [one.result] : []));
    const errors = results.flatMap((one) => ('error' in one ? [one.error] : []));
    if (tickers.length === 1 && errors[0] !== undefined) throw errors[0];
    const shown = results.map((one) =>
      'result' in one ? one : { ticker: one.ticker, error: { code: one.error.code, message: one.error.message } },
    );
    const several = { results: shown, n_results: answers.length, n_errors: errors.length };
    output.result(tickers.length === 1 ? answers[0] : several, () =>
      answers.length === 0
        ? 'No forecast could be made.'
        : [forecastTable(answers, output.colors), '', ...answers.map(lineageLine)].join('\n'),
    );
    for (const error of errors) parts.complain(error);
    if (errors.length > 0) parts.exitWith(EXIT.failure);
  });
}

function lineageLine({ forecast_id: id }: PredictionAnswer): string {
  return `  made from: npx stockcast lineage ${id}`;
}

async function forecasts(
  parts: Parts,
  tickers: readonly string[],
  { horizon, model, source, asOf }: PredictOptions,
): Promise<Result[]> {
  const services = await parts.services();
  const context = parts.context();
  const wish = { ...(model === undefined ? {} : { kind: model }), ...(source === undefined ? {} : { source }) };
  const answer = async (ticker: string): Promise<PredictionAnswer> => {
    const request = { ticker, horizon, ...wish };
    if (asOf !== undefined) return answerAsOf(context, await forecastAsOf(services, context, { ...request, asOf }));
    const made = await liveForecast(services, new UnheldForecasts(services), context, request);
    return givenAnswer(context, made.given, made.quote);
  };
  const results: Result[] = [];
  for (const ticker of tickers) {
    try {
      results.push({ ticker, result: await answer(ticker) });
    } catch (error) {
      if (!(error instanceof StockcastError && CONCERNS_ONE.has(error.code))) throw error;
      results.push({ ticker, error });
    }
  }
  return results;
}

/** Starts or joins the run as of the date that trains what is missing, and waits until it has ended. */
async function trainThen(
  parts: Parts,
  output: Output,
  tickers: readonly string[],
  { horizon, model, asOf }: PredictOptions,
): Promise<void> {
  const [services, temporal, context] = [await parts.services(), await parts.temporal(), parts.context()];
  const wish = trainingWish(parts, { horizons: [horizon], ...(model === undefined ? {} : { kinds: [model] }) });
  const [only] = tickers;
  const request = { tickers, maxInFlight: parts.settings().maxInFlight, ...(asOf === undefined ? {} : { asOf }) };
  const started =
    tickers.length === 1 && only !== undefined
      ? await startTickerTraining(services, temporal, context, only, wish, asOf)
      : await startUniverseTraining(services, temporal, context, request, wish);
  output.say(startedLine(started));
  const failures = failuresOf(await watchStarted(parts, output, started));
  // Of several, one may fail alone: it is told that it still has no model.
  const failed = failures.filter(({ ticker }) => ticker === '' || tickers.length === 1);
  if (failed.length > 0) throw runFailed(started.run_id, failed);
}
