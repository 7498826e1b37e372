import type { Command } from 'commander';
import { canonicalProjection } from '../../serving/canonical-projection.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';

/** `projection`: everything that runs brought, without ids, times and places, for comparing installations. */
export function addProjection(program: Command, parts: Parts): void {
  const command = program
    .command('projection')
    .description('print all that runs brought as sorted JSON without ids, times and places, to compare installations');
  withCommonOptions(command, ['projection', 'projection > here.json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const projection = await canonicalProjection(await parts.services(), parts.context());
    output.result(projection, () => JSON.stringify(projection, null, 2));
  });
}
