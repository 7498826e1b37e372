import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import type { ApiParts } from './parts.ts';
import type { RequestScope } from './request-context.ts';

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

interface Description<A> {
  readonly method: 'get' | 'post';
  /** In the notation of Express; `*id` may hold slashes. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** A GET that changes something, so that HEAD must not run it. */
  readonly changes?: boolean;
  /** A multipart form, which the handler reads itself; described for OpenAPI. */
  readonly form?: z.ZodObject;
  readonly answer: {
    readonly status: 200 | 202;
    readonly name: string;
    /** Default: JSON. */
    readonly type?: 'image/svg+xml';
    readonly schema: A;
  };
  /** What may go wrong besides REQUEST_INVALID and UNEXPECTED. */
  readonly errors: readonly ErrorCode[];
}

/** One method of one address: what it takes, what it answers, and how. OpenAPI is made from the same object. */
export interface Endpoint extends Description<z.ZodType> {
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
>(
  description: Description<A> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: { readonly name: string; readonly schema: B };
    readonly handle: (
      parts: ApiParts,
      call: Call<z.output<P>, z.output<Q>, z.output<B>>,
    ) => Promise<Frozen<z.input<A>>>;
  },
): Endpoint {
  const { params, query, body, handle } = description;
  return { ...description, params, query: query ?? NOTHING, body, handle: handle as unknown as Endpoint['handle'] };
}
