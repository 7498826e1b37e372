import type { Command } from 'commander';
import { lineageOf } from '../../serving/lineage.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { lineageTree } from '../tables/lineage-tree.ts';

/** `lineage`: all that a forecast was made from, back to the rows and the code. */
export function addLineage(program: Command, parts: Parts): void {
  const command = program
    .command('lineage')
    .description('show what a forecast, a promotion, a model or a certificate was made from, back to rows and code')
    .argument(
      '<id>',
      'the id of a forecast (as predict shows it), of a promotion (models history), a model, a certificate or a dataset',
    );
  const examples = ['lineage AAPL-10-2013-03-01-3f9c12a0b1c2', 'lineage AAPL-10-2013-03-01-3f9c12a0b1c2 --json'];
  withCommonOptions(command, examples).action(async (id: string, options: CommonOptions) => {
    const output = parts.output(options);
    const answer = await lineageOf(await parts.services(), parts.context(), id);
    output.result(answer, () => lineageTree(answer, output.colors));
  });
}
