import { CancelledFailure, Context as ActivityContext } from '@temporalio/activity';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { StockcastError } from '../domain/errors.ts';

const DEFECTS = [TypeError, ReferenceError, RangeError, SyntaxError];

/**
 * Turns what an activity threw into what Temporal decides by: the error code becomes the failure's type, and only what
 * trying again can heal is retried. A defect of the program is not; what nobody foresaw (a full disk, say) is.
 */
export function asFailure(error: unknown): Error {
  const { cancellationSignal } = ActivityContext.current();
  if (cancellationSignal.aborted)
    return new CancelledFailure('cancelled', [], error instanceof Error ? error : undefined);
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof TemporalFailure) return error;
  const isDefect = DEFECTS.some((defect) => error instanceof defect);
  if (!(error instanceof StockcastError) && !isDefect) return brief(error, MESSAGE_CHARS, causeOf(error));
  const failure = ApplicationFailure.create({
    ...{ message: cut(error.message, MESSAGE_CHARS), ...causeOf(error) },
    ...(error instanceof StockcastError
      ? { type: error.code, nonRetryable: !error.retryable, details: [error.details] }
      : { type: 'DEFECT', nonRetryable: true }),
  });
  return withStackOf(failure, error);
}

// Of an activity that waits for its next attempt, the server keeps a failure of up to 4 KB, and nothing of a longer one.
const MESSAGE_CHARS = 1500;
const CAUSE_CHARS = 300;
const STACK_CHARS = 500;

function brief(error: Error, messageChars: number, options: { cause?: Error } = {}): Error {
  const copy = new Error(cut(error.message, messageChars), options);
  copy.name = error.name;
  return withStackOf(copy, error);
}

function causeOf({ cause }: Error): { cause?: Error } {
  return cause instanceof Error ? { cause: brief(cause, CAUSE_CHARS) } : {};
}

/** The message stands beside the stack, so that the stack is left its frames. */
function withStackOf<T extends Error>(copy: T, error: Error): T {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  copy.stack = cut(frames.join('\n'), STACK_CHARS);
  return copy;
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)} …`;
}

/** Runs an activity's body, heartbeating each second from the main thread, and translates what it throws. */
export async function heartbeating<T>(body: (beat: (details: unknown) => void) => Promise<T>): Promise<T> {
  const activity = ActivityContext.current();
  let details: unknown;
  // One that runs within a workflow task has nobody to tell.
  const timer = activity.info.isLocal ? undefined : setInterval(() => activity.heartbeat(details), 1000);
  try {
    return await body((newest) => {
      details = newest;
    });
  } catch (error) {
    throw asFailure(error);
  } finally {
    clearInterval(timer);
  }
}
