import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { StockcastError } from '../domain/errors.ts';

const BODY_LIMIT = '1mb';

/** One thing wrong with a request. */
interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/**
 * Reads a part of a request by its schema.
 * @throws StockcastError REQUEST_INVALID naming every field that is wrong and what was expected; also what the schema's
 *   own readers throw, such as TICKER_INVALID
 */
export function readBy<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    const field = placeOfNul(value, where);
    if (field === undefined) return parsed.data;
    throw new StockcastError('REQUEST_INVALID', { field, problem: 'holds the character NUL, which cannot be stored' });
  }
  const errors = parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, where));
  const [first, ...rest] = errors;
  const problem = [first!.problem, ...rest.map((other) => `${other.field}: ${other.problem}`)].join('; ');
  throw new StockcastError('REQUEST_INVALID', { field: first!.field, problem, errors });
}

const DEEPEST = 8;

/** Where a text holds a NUL, which PostgreSQL refuses; nothing that is asked for lies deeper than this looks. */
function placeOfNul(value: unknown, place: string, depth = 0): string | undefined {
  if (typeof value === 'string') return value.includes('\0') ? place : undefined;
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return undefined;
  for (const key in value) {
    const inner = key.includes('\0')
      ? place
      : placeOfNul((value as Record<string, unknown>)[key], `${place}.${key}`, depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/**
 * Puts options from two places of one request together.
 * @throws StockcastError REQUEST_INVALID when both give the same one
 */
export function mergeOptions<A extends object>(query: A, other: A, otherPlace: string): A {
  for (const name of Object.keys(other)) {
    if (name in query) {
      throw new StockcastError('REQUEST_INVALID', {
        field: name,
        problem: `given in the query and in the ${otherPlace}`,
      });
    }
  }
  return { ...query, ...other };
}

/** Middleware that reads a JSON body, if there is one. */
export function jsonBody(): RequestHandler[] {
  return [requireJson, express.json({ limit: BODY_LIMIT, strict: false, type: () => true })];
}

const requireJson: RequestHandler = (request, _response, next) => {
  if (hasBody(request) && !request.is(['application/json', 'application/*+json'])) {
    const type = request.get('content-type') ?? '';
    const expected = "application/json (curl: -H 'Content-Type: application/json')";
    throw new StockcastError('MEDIA_TYPE_UNSUPPORTED', { type, expected });
  }
  next();
};

function hasBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, where: string): FieldProblem[] {
  const place = issue.path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    where,
  );
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 && 'shape' in schema ? Object.keys(schema.shape as object) : [];
    const possible = known.length === 0 ? 'none is possible' : `possible: ${known.join(', ')}`;
    return issue.keys.map((key) => ({ field: `${place}.${key}`, problem: `there is no such field; ${possible}` }));
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ field: place, problem: `missing, expected ${issue.expected}` }];
  }
  if (issue.code === 'too_small' && issue.origin === 'array') {
    return [{ field: place, problem: `expected at least ${issue.minimum}, none given` }];
  }
  if (issue.code === 'too_big' && issue.origin === 'array') {
    return [{ field: place, problem: `expected at most ${issue.maximum}` }];
  }
  const problem = issue.message
    .replace(/^Invalid (input|option): /, '')
    .replace(/^[A-Z]/, (letter) => letter.toLowerCase());
  return [{ field: place, problem }];
}
