import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import { startDaily } from '../../serving/daily-runs.ts';
import { type CommonOptions, dateOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { seeThrough } from '../started-run.ts';
import { runDetails } from '../tables/run-tables.ts';

interface ScoreOptions extends CommonOptions {
  readonly ticker?: string;
  readonly asOf?: SessionDate;
  readonly wait: boolean;
}

/** `score`: scores the forecasts whose outcome is known by now, each once, and judges live track records. */
export function addScore(program: Command, parts: Parts): void {
  const command = program
    .command('score')
    .description('score the forecasts whose outcome is known by now, each once, and judge live track records')
    .option('--ticker <ticker>', 'of this ticker; default: of all', parseTicker)
    .option('--as-of <date>', 'what had matured by the end of that day, by what was known then', dateOption)
    .option('--no-wait', 'only start the run');
  withCommonOptions(command, ['score', 'score --ticker AAPL', 'score --no-wait --json']).action(
    (options: ScoreOptions) => score(parts, options),
  );
}

async function score(parts: Parts, options: ScoreOptions): Promise<void> {
  const output = parts.output(options);
  const { ticker, asOf } = options;
  const started = await startDaily(await parts.services(), await parts.temporal(), parts.context(), 'score', {
    ...(ticker === undefined ? {} : { ticker }),
    ...(asOf === undefined ? {} : { asOf }),
  });
  await seeThrough(parts, output, started, options.wait, (run) =>
    output.result(runAnswer(run), () => runDetails(run, output.colors)),
  );
}
