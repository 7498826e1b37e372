import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import type { ApiParts } from './parts.ts';
import type { RequestScope } from './request-context.ts';
import type { WrittenAnswer } from './written-answer.ts';

/** A request whose parts have been read by their schemas. */
export interface Call<P, Q, B> extends RequestScope {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: Request;
  readonly response: Response;
}

/** The type with every field and element readonly: what handlers may return. */
export type Frozen<T> = T extends readonly (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** An answer as it is described: its status, the name of its schema, and its media type where that is not JSON. */
interface DescribedAnswer<S, A> {
  readonly status: S;
  readonly name: string;
  readonly schema: A;
  readonly type?: 'text/plain' | 'text/event-stream' | 'image/svg+xml';
}

interface Description<A, O> {
  readonly method: 'get' | 'post';
  /** In the notation of Express; `*id` may hold slashes. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** A GET that changes something, so that HEAD must not run it. */
  readonly changes?: boolean;
  /** A multipart form, which the handler reads itself; described for OpenAPI. */
  readonly form?: z.ZodObject;
  readonly answer: DescribedAnswer<200 | 201 | 202, A>;
  /** Another answer that the handler may give, with its status set on the response. */
  readonly otherwise?: DescribedAnswer<200 | 204, O>;
  /** Asked by machines that must always get their answer: not counted by the rate limit. */
  readonly unlimited?: boolean;
  /** What may go wrong besides REQUEST_INVALID, REQUEST_FOREIGN, RATE_LIMITED and UNEXPECTED. */
  readonly errors: readonly ErrorCode[];
}

/** One method of one address: what it takes, what it answers, and how. OpenAPI is made from the same object. */
export interface Endpoint extends Description<z.ZodType, z.ZodType> {
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject;
  readonly body: { readonly name: string; readonly schema: z.ZodObject } | undefined;
  readonly handle: (parts: ApiParts, call: Call<never, never, never>) => Promise<unknown>;
}

const NOTHING = z.strictObject({});

/** Describes an endpoint; the types of the call and of the answer follow from the schemas. Bodies are optional. */
export function endpoint<
  A extends z.ZodType,
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodObject = typeof NOTHING,
  O extends z.ZodType = z.ZodNever,
>(
  description: Description<A, O> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: { readonly name: string; readonly schema: B };
    readonly handle: (
      parts: ApiParts,
      call: Call<z.output<P>, z.output<Q>, z.output<B>>,
    ) => Promise<Frozen<z.input<A>> | Frozen<z.input<O>> | WrittenAnswer>;
  },
): Endpoint {
  const { params, query, body, handle } = description;
  return { ...description, params, query: query ?? NOTHING, body, handle: handle as unknown as Endpoint['handle'] };
}
