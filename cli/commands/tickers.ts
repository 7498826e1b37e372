import type { Command } from 'commander';
import { listTickers } from '../../serving/histories.ts';
import { tickersAnswer } from '../../serving/tickers-answer.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { tickerTable } from '../tables/ticker-table.ts';

/** `tickers`: what prices are known. */
export function addTickers(program: Command, parts: Parts): void {
  const command = program.command('tickers').description('list the tickers whose prices are known');
  withCommonOptions(command, ['tickers', 'tickers --json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const tickers = await listTickers(await parts.services(), parts.context());
    output.result(tickersAnswer(tickers), () => tickerTable(tickers, output.colors));
  });
}
