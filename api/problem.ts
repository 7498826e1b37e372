import { z } from 'zod';
import { StockcastError } from '../domain/errors.ts';

/** Form of every error answer: a problem document as RFC 9457 describes it, with the code of `docs/errors.md`. */
export const problemSchema = z.looseObject({
  type: z.string().describe('Where the code is explained, relative to the API'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What is wrong, with the offending value, and what to do'),
  instance: z.string().describe('The path that was asked for'),
  code: z.string().describe('Stable code of the error'),
  retryable: z.boolean().describe('Whether the same request can succeed later'),
  request_id: z.string(),
});

/** An error as people and programs are told it; what the error speaks of stands beside these fields. */
export type Problem = z.infer<typeof problemSchema>;

/** Media type of problem documents. */
export const PROBLEM_TYPE = 'application/problem+json';

/** Describes an error raised on purpose; its details become further fields. */
export function problemOf(error: StockcastError, instance: string, requestId: string): Problem {
  const further = Object.entries(error.details).map(([name, value]) => [snakeCase(name), value]);
  const described = {
    type: `/docs/errors#${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    instance,
    code: error.code,
    retryable: error.retryable,
    request_id: requestId,
  };
  return { ...described, ...Object.fromEntries(further), ...described };
}

/** What the Express parsers throw: an HTTP status and a type of their own. */
interface ParserError extends Error {
  readonly status: number;
  readonly type?: string;
}

/** The error in the system's own words; what nobody foresaw becomes UNEXPECTED, without a word about its insides. */
export function asStockcastError(error: unknown, requestId: string): StockcastError {
  if (error instanceof StockcastError) return error;
  if (isParserError(error)) {
    const cause = { cause: error };
    if (error.type === 'entity.parse.failed') {
      return new StockcastError('REQUEST_INVALID', { field: 'body', problem: `not JSON: ${error.message}` }, cause);
    }
    if (error.status === 413) return new StockcastError('REQUEST_TOO_LARGE', { limit: '1 MB' }, cause);
    if (error.status === 415) {
      return new StockcastError('MEDIA_TYPE_UNSUPPORTED', { type: error.message, expected: 'JSON in UTF-8' }, cause);
    }
    if (error.status < 500)
      return new StockcastError('REQUEST_INVALID', { field: 'request', problem: error.message }, cause);
  }
  return new StockcastError('UNEXPECTED', { requestId }, { cause: error });
}

function isParserError(error: unknown): error is ParserError {
  return error instanceof Error && typeof (error as { status?: unknown }).status === 'number';
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
