import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { StockcastError } from '../../domain/errors.ts';
import { type RefreshReport, refreshPrices } from '../../serving/refresh-prices.ts';
import { EXIT, Interrupted } from '../failure.ts';
import { type CommonOptions, dateOption, tickerArguments, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { takeInSummary } from '../tables/take-in-summary.ts';

interface FetchOptions extends CommonOptions {
  readonly source: string;
  readonly from?: SessionDate;
  readonly skipBadRows?: boolean;
  readonly adjustSplits?: boolean;
}

type Result =
  | RefreshReport
  | { readonly ticker: string; readonly error: { readonly code: string; readonly message: string } };

/** `prices fetch`: brings the newest closed sessions of tickers in from a live source. */
export function addPrices(program: Command, parts: Parts): void {
  const prices = program.command('prices').description('bring prices in from a live source');
  const command = prices
    .command('fetch')
    .description('take in what a live source knows since the newest known session')
    .argument('<ticker...>', 'one ticker or several', tickerArguments)
    .requiredOption('--source <name>', 'the source: yahoo or alpha-vantage')
    .option('--from <date>', 'first session to fetch; default: the newest known one, or else all', dateOption)
    .option('--skip-bad-rows', 'take the good rows and report the others, instead of refusing the history')
    .option('--adjust-splits', 'take suspected splits for splits, instead of refusing the history');
  const examples = [
    'prices fetch AAPL --source yahoo',
    'prices fetch AAPL MSFT --source yahoo --from 2000-01-03',
    'prices fetch IBM --source alpha-vantage --json',
  ];
  withCommonOptions(command, examples).action(async (tickers: readonly string[], options: FetchOptions) => {
    const output = parts.output(options);
    const services = await parts.services();
    const context = parts.context();
    const { signal } = parts.interruption();
    const { source, from, skipBadRows, adjustSplits } = options;
    const results: Result[] = [];
    for (const ticker of new Set(tickers)) {
      try {
        const request = { ticker, source, signal, ...(from === undefined ? {} : { from }) };
        const how = {
          adjustSplits: adjustSplits === true,
          onBadRow: skipBadRows === true ? 'skip' : 'refuse',
        } as const;
        results.push(await refreshPrices(services, context, { ...request, ...how }));
      } catch (error) {
        if (signal.aborted) throw new Interrupted('stopped; what was fetched before is stored', { cause: error });
        if (tickers.length === 1 || !(error instanceof StockcastError)) throw error;
        results.push({ ticker, error: { code: error.code, message: error.message } });
      }
    }
    const errors = results.flatMap((result) => ('error' in result ? [result.error] : []));
    const several = { results, n_results: results.length - errors.length, n_errors: errors.length };
    output.result(tickers.length === 1 ? results[0] : several, () => results.map(inWords).join('\n'));
    for (const error of errors) parts.complain(error);
    if (errors.length > 0) parts.exitWith(EXIT.failure);
  });
}

function inWords(result: Result): string {
  if ('error' in result) return `${result.ticker}: nothing was stored`;
  const { ticker, source, taken, last_session: last } = result;
  return taken === null
    ? `${ticker}: all closed sessions are known, to ${last}; ${source} was not asked`
    : takeInSummary(taken);
}
