import { ERRORS } from './errors.ts';

/** Why something failed, in words for people. `code` is one of `docs/errors.md`, or the failure's own type. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
}

const WRAPPERS = new Set(['ActivityFailure', 'ChildWorkflowFailure', 'WorkflowFailedError', 'ServerFailure']);

/**
 * The reason at the bottom of a failed run: orchestration wraps it once per activity and child workflow on the way up.
 * Works on the shape of the errors, so that workflows and clients can both use it.
 */
export function failureReason(error: unknown): FailureReason {
  let reason = error;
  for (let next = error; next instanceof Error; next = next.cause) {
    if (codeOf(next) in ERRORS) return { code: codeOf(next), message: next.message };
    if (!WRAPPERS.has(next.name)) {
      reason = next;
      break;
    }
  }
  if (!(reason instanceof Error)) return { code: 'Error', message: String(reason) };
  // A cancellation on its way through a parent says nothing of itself.
  const message = reason.message || (reason.name === 'CancelledFailure' ? 'it was cancelled' : reason.name);
  return { code: codeOf(reason) || reason.name, message };
}

function codeOf(error: Error): string {
  const { type, code } = error as { type?: unknown; code?: unknown };
  return typeof type === 'string' ? type : typeof code === 'string' ? code : '';
}
