import { expect } from 'vitest';
import { problemSchema } from '../../api/problem.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { ERRORS } from '../../domain/errors.ts';

/** An answer of the API with its body read as JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Untyped: tests look into answers of many forms. */
  readonly body: any;
}

/** Asks and reads the answer as JSON; redirects are not followed. */
export async function ask(url: string, init: RequestInit = {}): Promise<JsonAnswer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** A POST of a JSON body. */
export function json(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** Checks that an answer is the problem document of a code, and returns it. */
export function expectProblem({ status, headers, body }: JsonAnswer, code: ErrorCode) {
  expect(body).toMatchObject({ code, status: ERRORS[code].status, title: ERRORS[code].title });
  expect(status).toBe(ERRORS[code].status);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body.type).toBe(`/docs/errors#${code}`);
  expect(body.request_id).toBe(headers.get('x-request-id'));
  return problemSchema.parse(body);
}
