import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import type { Parts, TemporalTarget } from '../parts.ts';

const EXAMPLES = `
Examples:
  $ npx stockcast temporal workflow list --query "StockcastTicker='AAPL'"
  $ npx stockcast temporal workflow show --workflow-id RUN
  $ npx stockcast temporal --help`;

/**
 * `temporal …`: the pinned Temporal CLI, pointed at this stack; its exit code becomes ours. The address travels in the
 * variables that the CLI reads, since not every one of its commands has an `--address`, and one that is given wins.
 */
export function addTemporal(program: Command, parts: Parts): void {
  program
    .command('temporal')
    .description('run the pinned Temporal CLI on this stack; all arguments are passed on')
    .argument('[args...]', 'arguments of the Temporal CLI')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', EXAMPLES)
    .action(async (args: readonly string[]) => {
      const target = targetFor(args, parts);
      const path = await parts.ensureTemporalCli({ say: parts.note, signal: parts.interruption().signal });
      const variables =
        target === undefined ? {} : { TEMPORAL_ADDRESS: target.address, TEMPORAL_NAMESPACE: target.namespace };
      parts.exitWith(await parts.runProgram(path, args, variables));
    });
}

// Help and versions need no server.
function targetFor(args: readonly string[], parts: Parts): TemporalTarget | undefined {
  const needsNone = args.length === 0 || args.some((arg) => ['--help', '-h', '--version', '-v', 'help'].includes(arg));
  try {
    return parts.temporalTarget();
  } catch (error) {
    if (needsNone && error instanceof StockcastError && error.code === 'STACK_NOT_RUNNING') return undefined;
    throw error;
  }
}
