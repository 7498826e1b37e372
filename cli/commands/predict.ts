import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { forecast } from '../../serving/forecasting.ts';
import { type PredictionAnswer, predictionAnswer } from '../../serving/prediction-answer.ts';
import { EXIT } from '../failure.ts';
import { type CommonOptions, horizonOption, tickerArguments, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { forecastTable } from '../tables/forecast-table.ts';

const DEFAULT_HORIZON = 10;

interface PredictOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly model?: string;
}

/** `predict`: the forecast of one ticker or several; several are answered one by one, so that one may fail alone. */
export function addPredict(program: Command, parts: Parts): void {
  const command = program
    .command('predict')
    .description('forecast a price by the promoted model, or by the one you name')
    .argument('<ticker...>', 'one ticker or several', tickerArguments)
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option('--model <kind>', 'a trained kind, for example random-forest; default: the promoted one');
  const examples = ['predict AAPL', 'predict AAPL MSFT --horizon 1', 'predict AAPL --model random-forest --json'];
  withCommonOptions(command, examples).action(async (tickers: readonly string[], options: PredictOptions) => {
    const output = parts.output(options);
    const services = await parts.services();
    const context = parts.context();
    const { horizon, model } = options;
    const answers: PredictionAnswer[] = [];
    const errors: { ticker: string; error: { code: string; message: string } }[] = [];
    for (const ticker of tickers) {
      try {
        const request = { ticker, horizon, ...(model === undefined ? {} : { kind: model }) };
        answers.push(predictionAnswer(context, await forecast(services, context, request)));
      } catch (error) {
        if (tickers.length === 1 || !(error instanceof StockcastError) || error.retryable) throw error;
        errors.push({ ticker, error: { code: error.code, message: error.message } });
      }
    }
    const [only] = answers;
    output.result(tickers.length === 1 ? only : { predictions: answers, errors }, () =>
      answers.length === 0 ? 'No forecast could be made.' : forecastTable(answers, output.colors),
    );
    for (const { error } of errors) parts.complain(error);
    if (errors.length > 0) parts.exitWith(EXIT.failure);
  });
}
