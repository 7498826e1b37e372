import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { type MendedAnswer, acceptParked, correctParked, listParked } from '../../serving/parked-runs.ts';
import { Interrupted } from '../failure.ts';
import { type CommonOptions, fileOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { mendedText, parkedList } from '../tables/parked-tables.ts';
import { type TakeInOptions, takeInRequest, withTakeInOptions } from './upload.ts';

interface MendOptions extends CommonOptions {
  readonly ticker?: string;
  readonly by?: string;
  readonly reason?: string;
}

interface CorrectOptions extends MendOptions, TakeInOptions {
  readonly csv?: string;
  readonly asKnownNow?: boolean;
}

const RUN = 'train/default/AAPL/2013-03-01/3f9c12a0b1c2';

/** `runs parked`, `runs correct`, `runs accept`: what is parked, and what lets it go on. */
export function addParked(runs: Command, parts: Parts): void {
  const list = runs.command('parked').description('list the runs that wait for a person to mend them');
  withCommonOptions(list, ['runs parked', 'runs parked --json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const answer = await listParked(await parts.temporal(), parts.context());
    output.result(answer, () => parkedList(answer, output.colors));
  });

  const correct = withMendOptions(
    runs.command('correct').description('take corrected prices in and let a parked run start over on them'),
  )
    .option('--csv <file>', 'the corrected prices; without it the run looks again at what is known by now', fileOption)
    .option('--reason <text>', 'why, for the ledger; default: the name of the file')
    .option('--as-known-now', 'let a run as of a date see corrections that were not known then');
  const examples = [
    `runs correct ${RUN} --csv fixed.csv`,
    `runs correct ${RUN} --csv prices.csv --events splits.csv --by Ada --reason "the split was missing"`,
    `runs correct ${RUN}`,
  ];
  withCommonOptions(withTakeInOptions(correct), examples).action(async (id: string, options: CorrectOptions) => {
    const { csv, asKnownNow } = options;
    if (csv === undefined && options.events !== undefined) {
      throw new StockcastError('REQUEST_INVALID', { field: '--events', problem: 'belongs to --csv, which is missing' });
    }
    const [services, temporal, context] = [await parts.services(), await parts.temporal(), parts.context()];
    const { signal } = parts.interruption();
    const mending = correctParked(services, temporal, context, {
      ...target(id, options),
      ...(asKnownNow === true ? { asKnownNow } : {}),
      ...(csv === undefined ? {} : { files: { ...takeInRequest(csv, options), signal } }),
    });
    const answer = await mending.catch((cause: unknown) => {
      throw signal.aborted ? new Interrupted('stopped; the run stays parked', { cause }) : cause;
    });
    tell(parts, options, answer);
  });

  const accept = withMendOptions(
    runs.command('accept').description('let a parked run go on as it is: on the good rows, or with naive'),
  ).requiredOption('--reason <text>', 'why, for the ledger');
  withCommonOptions(accept, [`runs accept ${RUN} --by Ada --reason "the jump was real"`]).action(
    async (id: string, options: MendOptions & { readonly reason: string }) => {
      const [temporal, context] = [await parts.temporal(), parts.context()];
      const { reason } = options;
      tell(parts, options, await acceptParked(temporal, context, { ...target(id, options), reason }));
    },
  );
}

function withMendOptions(command: Command): Command {
  return command
    .argument('<id>', 'the run; of many tickers, all of its parked ones are meant')
    .option('--ticker <ticker>', 'of a run of many tickers, this one alone', parseTicker)
    .option('--by <name>', 'who says so, for the ledger; default: STOCKCAST_PRINCIPAL');
}

function target(runId: string, { ticker, by, reason }: MendOptions) {
  return {
    runId,
    ...(ticker === undefined ? {} : { ticker }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function tell(parts: Parts, options: CommonOptions, answer: MendedAnswer): void {
  parts.output(options).result(answer, () => mendedText(answer));
}
