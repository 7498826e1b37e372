import { StockcastError } from '../../domain/errors.ts';

/** The failure of the embedded PostgreSQL, in the words of its problem. */
export function stackFailure(problem: string, cause?: unknown): StockcastError {
  return new StockcastError('STACK_FAILED', { part: 'PostgreSQL', problem }, { cause });
}
