import type { Command } from 'commander';
import { parseTicker } from '../../domain/ticker.ts';
import { trialsAnswer } from '../../serving/trials-answer.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { trialTable } from '../tables/trial-table.ts';

/** `trials`: what the newest searches for parameters tried. */
export function addTrials(program: Command, parts: Parts): void {
  const command = program
    .command('trials')
    .description('show what the newest searches for parameters tried (train --trials)')
    .argument('<ticker>', 'the ticker', parseTicker);
  withCommonOptions(command, ['trials AAPL', 'trials AAPL --json']).action(
    async (ticker: string, options: CommonOptions) => {
      const output = parts.output(options);
      const answer = await trialsAnswer(await parts.services(), parts.context(), ticker);
      output.result(answer, () => trialTable(answer, output.colors));
    },
  );
}
