import { z } from 'zod';
import { type ErrorCode, ERRORS } from '../domain/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

/** The groups of `/docs`, each with the first parts of its paths. */
const GROUPS: readonly (readonly [name: string, description: string, first: readonly string[]])[] = [
  [
    'Forecasts',
    'What a price may become, and what came',
    ['predict', 'batch-predict', 'history', 'score', 'track-record', 'drift'],
  ],
  ['Prices', 'What models learn from', ['upload', 'tickers', 'datasets', 'features', 'restatements']],
  ['Training', 'Runs, what they wait for and what they tried', ['train', 'runs', 'approvals', 'backfills', 'trials']],
  [
    'Models',
    'What was trained, how good it is, and why it serves',
    ['leaderboard', 'models', 'certificate', 'certificates', 'lineage', 'experiments'],
  ],
  [
    'Operation',
    'Whether it lives, how fast it is, and what runs by itself',
    ['', 'health', 'ready', 'performance', 'metrics', 'schedules'],
  ],
];

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
    tags: GROUPS.map(([name, description]) => ({ name, description })),
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
    tags: [groupOf(path)],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(content === undefined ? {} : { requestBody: { required: required || form !== undefined, content } }),
    responses: {
      ...(otherwise === undefined ? {} : answerResponse(otherwise)),
      ...answerResponse(answer, summary),
      ...problemResponses(path, [
        ...endpoint.errors,
        ...(endpoint.unlimited === true ? [] : (['RATE_LIMITED'] as const)),
      ]),
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

function problemResponses(path: string, codes: readonly ErrorCode[]): Json {
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
        content: {
          [PROBLEM_TYPE]: { schema: reference('Problem'), examples: exampleProblems(path, status, possible) },
        },
      },
    ]),
  );
}

function exampleProblems(path: string, status: number, codes: readonly ErrorCode[]): Json {
  const ofStatus = codes.filter((code) => ERRORS[code].status === status);
  return Object.fromEntries(
    ofStatus.map((code) => {
      const { title, message: detail, retryable } = ERRORS[code];
      const example = { type: `/docs/errors#${code}`, title, status, detail, instance: path, code, retryable };
      return [code, { summary: code, value: { ...example, request_id: 'b2c1d3f0-6a2e-4c0e-9a53-0f6e6a1d2c11' } }];
    }),
  );
}

function groupOf(path: string): string {
  const first = path.split('/')[1]!;
  const group = GROUPS.find(([, , parts]) => parts.includes(first));
  if (group === undefined) throw new TypeError(`${path} belongs to no group of the documentation`);
  return group[0];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    ...{ io, target: 'draft-2020-12' },
    override: ({ zodSchema, jsonSchema }) => {
      // Left out of what is transformed, though they are written as they are sent.
      const { examples, default: preset } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      if (typeof preset === 'boolean') jsonSchema.default = preset;
      // Where a number is whole, that is all that is meant; the page makes examples of bounds.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return described;
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}
