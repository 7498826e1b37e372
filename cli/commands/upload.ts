import { basename } from 'node:path';
import type { Command } from 'commander';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { Interrupted } from '../failure.ts';
import { type CommonOptions, fileOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { takeInSummary } from '../tables/take-in-summary.ts';

/** How a file of prices is taken in; shared with `up`. */
export interface TakeInOptions {
  readonly events?: string;
  readonly skipBadRows?: boolean;
  readonly adjustSplits?: boolean;
}

/** `upload`: adds a file of prices to what is known. */
export function addUpload(program: Command, parts: Parts): void {
  const command = withTakeInOptions(
    program
      .command('upload')
      .description('add a CSV of prices (ticker,sector,date,close,open,low,high,volume) to what is known')
      .argument('<file>', 'the CSV file', fileOption),
  );
  const examples = ['upload prices.csv', 'upload prices.csv --events splits.csv', 'upload prices.csv --skip-bad-rows'];
  withCommonOptions(command, examples).action(async (file: string, options: TakeInOptions & CommonOptions) => {
    const output = parts.output(options);
    const services = await parts.services();
    const { signal } = parts.interruption();
    const taking = takeInPrices(services, parts.context(), { ...takeInRequest(file, options), signal });
    const report = await taking.catch((cause: unknown) => {
      throw signal.aborted ? new Interrupted('stopped; nothing was stored', { cause }) : cause;
    });
    output.result(report, () => takeInSummary(report));
  });
}

/** The options that say how a file is taken in. */
export function withTakeInOptions(command: Command): Command {
  return command
    .option('--events <file>', 'CSV of splits and dividends (ticker,date,kind,value)', fileOption)
    .option('--skip-bad-rows', 'take the good rows and report the others, instead of refusing the file')
    .option('--adjust-splits', 'take suspected splits for splits');
}

/** The request for the use case, with files named as their owner knows them. */
export function takeInRequest(pricesPath: string, { events, skipBadRows, adjustSplits }: TakeInOptions) {
  return {
    pricesPath,
    pricesName: basename(pricesPath),
    ...(events === undefined ? {} : { eventsPath: events, eventsName: basename(events) }),
    onBadRow: skipBadRows === true ? ('skip' as const) : ('refuse' as const),
    adjustSplits: adjustSplits === true,
  };
}
