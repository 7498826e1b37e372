import { EXIT, failureReport, stackTrace } from './failure.ts';
import type { TextStream } from './output.ts';
import type { Parts } from './parts.ts';
import { buildProgram } from './program.ts';

/** A command line and where it writes. */
export interface CommandLine {
  readonly args: readonly string[];
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly version: string;
  /** Whether stack traces are shown even without `--verbose`. */
  readonly debug?: boolean;
}

/**
 * Runs one command line to its end. Failures are told on stderr, under `--json` also as a JSON document on stdout, and
 * decide the exit code; nothing is thrown on.
 */
export async function runCommandLine(parts: Parts, commandLine: CommandLine): Promise<void> {
  const { args, stdout, stderr, version, debug } = commandLine;
  try {
    await buildProgram(parts, { stdout, stderr, version }).parseAsync(args, { from: 'user' });
  } catch (error) {
    const { code, message, exitCode, said } = failureReport(error);
    if (said !== true) parts.complain({ code, message });
    if (exitCode !== EXIT.ok) {
      if (args.includes('--json')) stdout.write(`${JSON.stringify({ error: { code, message } }, null, 2)}\n`);
      if (args.includes('--verbose') || debug === true) stderr.write(`${stackTrace(error)}\n`);
    }
    parts.exitWith(exitCode);
  } finally {
    await parts.close();
  }
}
