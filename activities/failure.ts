import { ApplicationFailure, CancelledFailure, Context as ActivityContext } from '@temporalio/activity';
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
  if (error instanceof StockcastError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: !error.retryable,
      details: [error.details],
      cause: error,
    });
  }
  if (DEFECTS.some((defect) => error instanceof defect)) {
    return ApplicationFailure.create({
      type: 'DEFECT',
      message: (error as Error).message,
      nonRetryable: true,
      cause: error as Error,
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Runs an activity's body, heartbeating each second from the main thread, and translates what it throws. */
export async function heartbeating<T>(body: (beat: (details: unknown) => void) => Promise<T>): Promise<T> {
  const activity = ActivityContext.current();
  let details: unknown;
  const timer = setInterval(() => activity.heartbeat(details), 1000);
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
