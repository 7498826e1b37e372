import { z } from 'zod';
import { type ErrorCode, ERRORS } from '../domain/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

// Fields that an address does not know are refused, so any request may be ill-formed.
const ALWAYS: readonly ErrorCode[] = ['REQUEST_INVALID', 'REQUEST_FOREIGN', 'UNEXPECTED'];

/** The OpenAPI 3.1 document of the endpoints, made from the schemas that read their requests. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const components: Record<string, unknown> = { Problem: schemaOf(problemSchema, 'output') };
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/[:*](\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][endpoint.method] = operationOf(endpoint, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'stockcast',
      version,
      description:
        'Stock-price forecasts from models that had to earn their place. Errors are problem documents (RFC 9457); ' +
        'their codes are explained at [/docs/errors](/docs/errors).',
    },
    paths,
    components: { schemas: components },
  };
}

function operationOf(endpoint: Endpoint, components: Record<string, unknown>): Json {
  const { method, path, summary, description, params, body, form, answer, otherwise } = endpoint;
  for (const described of [answer, otherwise]) {
    if (described !== undefined && described.status !== 204) {
      components[described.name] = schemaOf(described.schema, 'output');
    }
  }
  if (body !== undefined) components[body.name] = schemaOf(body.schema, 'input');
  const parameters = [
    ...(params === undefined ? [] : parametersOf(params, 'path')),
    ...parametersOf(endpoint.query, 'query'),
  ];
  const content =
    body !== undefined
      ? { 'application/json': { schema: reference(body.name) } }
      : form !== undefined
        ? { 'multipart/form-data': { schema: schemaOf(form, 'input') } }
        : undefined;
  const required = body !== undefined && schemaOf(body.schema, 'input').required !== undefined;
  return {
    operationId: `${method}${path.replace(/[^a-z]+(\w?)/gi, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(content === undefined ? {} : { requestBody: { required: required || form !== undefined, content } }),
    responses: {
      ...(otherwise === undefined ? {} : answerResponse(otherwise)),
      ...answerResponse(answer, summary),
      ...problemResponses([...endpoint.errors, ...(endpoint.unlimited === true ? [] : (['RATE_LIMITED'] as const))]),
    },
  };
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query'): Json[] {
  const described = schemaOf(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(described.properties ?? {}).map(([name, { description, ...field }]) => ({
    name,
    in: place,
    required: place === 'path' || (described.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: field,
    ...(field.type === 'array' ? { style: 'form', explode: false } : {}),
  }));
}

function answerResponse(
  { status, name, schema, type }: Endpoint['answer'] | NonNullable<Endpoint['otherwise']>,
  description = schema.description ?? name,
): Json {
  return {
    [status]: {
      description,
      ...(status === 204 ? {} : { content: { [type ?? 'application/json']: { schema: reference(name) } } }),
    },
  };
}

function problemResponses(codes: readonly ErrorCode[]): Json {
  const possible = [...ALWAYS, ...codes];
  const statuses = [...new Set(possible.map((code) => ERRORS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: possible
          .filter((code) => ERRORS[code].status === status)
          .map((code) => `${code}: ${ERRORS[code].title}`)
          .join('. '),
        ...(status === 503 || status === 429
          ? { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } } }
          : {}),
        content: { [PROBLEM_TYPE]: { schema: reference('Problem') } },
      },
    ]),
  );
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return described;
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}
