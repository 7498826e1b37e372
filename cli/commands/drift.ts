import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { type DriftAnswer, driftAnswer } from '../../serving/drift-answer.ts';
import { startDaily } from '../../serving/daily-runs.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import type { RunView } from '../../serving/run-view.ts';
import type { Services } from '../../serving/services.ts';
import { type CommonOptions, dateOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { seeThrough } from '../started-run.ts';
import { driftTable } from '../tables/drift-table.ts';
import { runDetails } from '../tables/run-tables.ts';

interface DriftOptions extends CommonOptions {
  readonly asOf?: SessionDate;
  readonly wait: boolean;
}

/** `drift`: looks for drift of what serves and shows what was found. */
export function addDrift(program: Command, parts: Parts): void {
  const command = program
    .command('drift')
    .description('look for drift of what serves: features, errors and coverage of intervals')
    .argument('[ticker]', 'the ticker; default: all of which something serves', parseTicker)
    .option('--as-of <date>', 'of what served by the end of that day, by what was known then', dateOption)
    .option('--no-wait', 'only start the run');
  withCommonOptions(command, ['drift', 'drift AAPL', 'drift AAPL --as-of 2012-06-29', 'drift AAPL --json']).action(
    (ticker: string | undefined, options: DriftOptions) => drift(parts, ticker, options),
  );
}

async function drift(parts: Parts, ticker: string | undefined, options: DriftOptions): Promise<void> {
  const output = parts.output(options);
  const { asOf } = options;
  const [services, context] = [await parts.services(), parts.context()];
  const started = await startDaily(services, await parts.temporal(), context, 'drift', {
    ...(ticker === undefined ? {} : { ticker }),
    ...(asOf === undefined ? {} : { asOf }),
  });
  await seeThrough(parts, output, started, options.wait, async (run) => {
    const found = ticker === undefined ? undefined : await reportsAfter(run, services, context, ticker, asOf);
    output.result({ ...runAnswer(run), ...(found === undefined ? {} : { drift: found }) }, () =>
      [
        runDetails(run, output.colors),
        ...(found === undefined ? [] : ['', driftTable(found, output.colors, asOf)]),
      ].join('\n'),
    );
  });
}

/** The reports of a ticker after a run; none where it looked from a past day at which nothing served. */
async function reportsAfter(
  { result }: RunView,
  services: Services,
  context: Context,
  ticker: string,
  asOf: SessionDate | undefined,
): Promise<DriftAnswer> {
  const sawNothing = result !== undefined && 'checked' in result && result.checked === 0;
  if (asOf !== undefined && sawNothing) return { ticker, reports: [] };
  return driftAnswer(services, context, ticker, asOf);
}
