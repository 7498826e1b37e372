import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { composeParts } from '../../cli/composition.ts';
import type { Parts } from '../../cli/parts.ts';
import { runCommandLine } from '../../cli/run-command-line.ts';
import { TextSink } from './text-sink.ts';

/** Stands for the process that a command line runs in: takes signals and an exit code. */
export class ProcessDouble extends EventEmitter {
  exitCode: number | undefined = 0;

  exit(code: number): never {
    throw new Error(`exited with ${code}`);
  }
}

/** What a command line wrote, and its exit code. */
export interface CommandLineResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | undefined;
}

/** Runs a command line in this process over the real composition; `change` may replace parts of it. */
export async function commandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  change: (parts: Parts, process: ProcessDouble) => Parts = (parts) => parts,
): Promise<CommandLineResult> {
  const [stdout, stderr, process] = [new TextSink(), new TextSink(), new ProcessDouble()];
  const parts = composeParts({ env, cwd: '/', stdout, stderr, process });
  await runCommandLine(change(parts, process), { args, stdout, stderr, version: '1.2.3' });
  return { stdout: stdout.text, stderr: stderr.text, code: process.exitCode };
}

/** Runs command lines on the stores of a test; `more` are further settings. */
export function commandLineOn(
  on: () => { readonly databaseUrl: string; readonly objectsDir: string },
  more: Readonly<Record<string, string>> = {},
): (...args: readonly string[]) => Promise<CommandLineResult> {
  return (...args) => {
    const { databaseUrl, objectsDir } = on();
    return commandLine(args, {
      DATABASE_URL: databaseUrl,
      STOCKCAST_OBJECTS_DIR: objectsDir,
      STOCKCAST_STATE_DIR: join(objectsDir, 'state'),
      ...more,
    });
  };
}
