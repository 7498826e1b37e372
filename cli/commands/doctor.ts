import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { findingTable } from '../tables/finding-table.ts';

/** `doctor`: what was found on this machine, its version and where. */
export function addDoctor(program: Command, parts: Parts): void {
  const command = program.command('doctor').description('show what was found on this machine, its version and where');
  withCommonOptions(command, ['doctor', 'doctor --json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const findings = await parts.diagnose();
    output.result(findings, () => findingTable(findings, output.colors));
    if (findings.some(({ status }) => status !== 'ok')) parts.exitWith(EXIT.failure);
  });
}
