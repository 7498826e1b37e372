import type { Command } from 'commander';
import { type ErrorCode, StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { UnheldForecasts } from '../../serving/forecasts.ts';
import { liveForecast } from '../../serving/live-forecast.ts';
import { type PredictionAnswer, givenAnswer } from '../../serving/prediction-answer.ts';
import { EXIT } from '../failure.ts';
import { type CommonOptions, SOURCE_HELP, horizonOption, tickerArguments, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { forecastTable } from '../tables/forecast-table.ts';

interface PredictOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly model?: string;
  readonly source?: string;
}

type Result =
  | { readonly ticker: string; readonly result: PredictionAnswer }
  | { readonly ticker: string; readonly error: { readonly code: string; readonly message: string } };

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
    .option('--source <name>', SOURCE_HELP);
  const examples = [
    'predict AAPL',
    'predict AAPL MSFT --horizon 1',
    'predict AAPL --source yahoo',
    'predict AAPL --model random-forest --json',
  ];
  withCommonOptions(command, examples).action(async (tickers: readonly string[], options: PredictOptions) => {
    const output = parts.output(options);
    const services = await parts.services();
    const context = parts.context();
    const { horizon, model, source } = options;
    const results: Result[] = [];
    for (const ticker of new Set(tickers)) {
      try {
        const wish = { ...(model === undefined ? {} : { kind: model }), ...(source === undefined ? {} : { source }) };
        const made = await liveForecast(services, new UnheldForecasts(services), context, { ticker, horizon, ...wish });
        results.push({ ticker, result: givenAnswer(context, made.given, made.quote) });
      } catch (error) {
        const alone = error instanceof StockcastError && CONCERNS_ONE.has(error.code);
        if (tickers.length === 1 || !alone) throw error;
        results.push({ ticker, error: { code: error.code, message: error.message } });
      }
    }
    const answers = results.flatMap((result) => ('result' in result ? [result.result] : []));
    const errors = results.flatMap((result) => ('error' in result ? [result.error] : []));
    const several = { results, n_results: answers.length, n_errors: errors.length };
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
