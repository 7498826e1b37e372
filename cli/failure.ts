import { CommanderError } from 'commander';
import { StockcastError } from '../domain/errors.ts';

/** Exit codes: a command that could not do its work, one that was not understood, one that was interrupted. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** The person asked to stop before the command was done; not an error of the system. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** A failure as people are told it. */
export interface FailureReport {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  /** Whether the parser of the command line has said it already. */
  readonly said?: boolean;
}

const STACK_IS_NEEDED = new Set(['DATABASE_UNAVAILABLE', 'TEMPORAL_UNAVAILABLE']);

/** Says in words why a command ended, and with which exit code. Requests that can't be met as worded count as usage. */
export function failureReport(error: unknown): FailureReport {
  if (error instanceof CommanderError) {
    const exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return { code: 'USAGE', message: error.message.replace(/^error: /, ''), exitCode, said: true };
  }
  if (error instanceof Interrupted) {
    return { code: 'INTERRUPTED', message: error.message, exitCode: EXIT.interrupted };
  }
  if (error instanceof StockcastError) {
    const hint = STACK_IS_NEEDED.has(error.code) ? ' Is the stack running? "npm start" starts it.' : '';
    const exitCode = error.status === 400 ? EXIT.usage : EXIT.failure;
    return { code: error.code, message: `${error.message}${hint}`, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'UNEXPECTED', message: `${message} (--verbose shows where)`, exitCode: EXIT.failure };
}

/** The stack trace of an error and of everything that caused it. */
export function stackTrace(error: unknown): string {
  const traces: string[] = [];
  for (let next = error; next instanceof Error; next = next.cause) traces.push(next.stack ?? next.message);
  return traces.join('\ncaused by: ');
}
