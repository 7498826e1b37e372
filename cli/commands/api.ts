import type { Command } from 'commander';
import { withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';

/** `api`: the HTTP API alone. */
export function addApi(program: Command, parts: Parts): void {
  const command = program
    .command('api')
    .description('run the HTTP API until it is stopped (STOCKCAST_API_HOST, STOCKCAST_API_PORT)');
  withCommonOptions(command, ['api', 'api --verbose']).action(() => parts.runApi());
}
