import type { Command } from 'commander';
import { collectGarbage } from '../../serving/garbage.ts';
import { Interrupted } from '../failure.ts';
import { type CommonOptions, daysOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { garbageText, inBytes } from '../tables/garbage-text.ts';

interface GcOptions extends CommonOptions {
  readonly olderThanDays: number;
  readonly delete?: boolean;
}

const DEFAULT_DAYS = 30;

/** `gc`: tells, and with `--delete` removes, objects that no row points to. */
export function addGc(program: Command, parts: Parts): void {
  const command = program
    .command('gc')
    .description('show what killed runs have left in the object store; with --delete, remove it')
    .option('--older-than-days <n>', 'only what was written more than so many days ago', daysOption, DEFAULT_DAYS)
    .option('--delete', 'remove it, instead of only showing it');
  const examples = ['gc', 'gc --older-than-days 90 --json', 'gc --delete'];
  withCommonOptions(command, examples).action(async (options: GcOptions) => {
    const output = parts.output(options);
    const [services, context] = [await parts.services(), parts.context()];
    const { signal } = parts.interruption();
    const { olderThanDays, delete: remove = false } = options;
    let done = 'nothing was removed';
    try {
      const report = await collectGarbage(services, context, {
        olderThanDays,
        remove,
        signal,
        onProgress: ({ objects, bytes }) => {
          if (!remove) return;
          done = `${objects} objects were removed, ${inBytes(bytes)}`;
          output.say(`${done} so far`);
        },
      });
      output.result(report, () => garbageText(report, output.colors));
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Interrupted(`stopped; ${done}; the same command goes on from there`, { cause: error });
    }
  });
}
