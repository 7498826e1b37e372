import { z } from 'zod';
import { type ErrorCode, ERRORS } from '../domain/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

const ALWAYS: readonly ErrorCode[] = ['REQUEST_FOREIGN', 'UNEXPECTED'];

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
  const { method, path, summary, description, params, query, body, form, answer } = endpoint;
  components[answer.name] = schemaOf(answer.schema, 'output');
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
      [answer.status]: {
        description: summary,
        content: { [answer.type ?? 'application/json']: { schema: reference(answer.name) } },
      },
      ...problemResponses(
        endpoint.errors,
        params !== undefined || Object.keys(query.shape).length > 0 || content !== undefined,
      ),
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

function problemResponses(codes: readonly ErrorCode[], hasInput: boolean): Json {
  const possible = [...ALWAYS, ...(hasInput ? (['REQUEST_INVALID'] as const) : []), ...codes];
  const statuses = [...new Set(possible.map((code) => ERRORS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: possible
          .filter((code) => ERRORS[code].status === status)
          .map((code) => `${code}: ${ERRORS[code].title}`)
          .join('. '),
        ...(status === 503
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
