import { z } from 'zod';
import { MOST_SHOWN_CHANGES, SHOWN_CHANGES, diffDatasets } from '../../serving/dataset-diff.ts';
import { LISTED_DATASETS, MOST_LISTED_DATASETS, listDatasets } from '../../serving/datasets.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { tickerField, wholeNumberField } from '../fields.ts';

const list = z.object({
  ticker: z.string(),
  datasets: z
    .array(
      z.object({
        dataset_id: z.string().describe('SHA-256 of the canonical rows'),
        taken_at: z.string().describe('When it was taken for the first time'),
        holds: z
          .object({
            as_of: z.iso.date(),
            sessions: z.int(),
            first_session: z.iso.date(),
            last_session: z.iso.date(),
            events: z.int(),
          })
          .nullable()
          .describe('Null when its manifest is lost'),
      }),
    )
    .describe('Newest first'),
});

const dates = z.object({ n: z.int(), first: z.array(z.iso.date()) });

const diff = z.object({
  ticker: z.string(),
  from: z.string(),
  to: z.string(),
  identical: z.boolean(),
  sessions: z.object({
    unchanged: z.int(),
    added: dates,
    removed: dates,
    changed: z.object({
      n: z.int(),
      first: z.array(
        z.object({
          date: z.iso.date(),
          values: z.array(
            z.object({
              column: z.enum(['open', 'high', 'low', 'close', 'volume']),
              from: z.number(),
              to: z.number(),
              relative: z.number().nullable().describe('Change over the old value; null where that is 0'),
            }),
          ),
        }),
      ),
    }),
  }),
  events: z.object({
    n: z.int(),
    first: z.array(
      z.object({
        date: z.iso.date(),
        kind: z.enum(['split', 'dividend']),
        from: z.number().nullable().describe('Null when it was added'),
        to: z.number().nullable().describe('Null when it was removed'),
      }),
    ),
  }),
  sector: z.object({ from: z.string(), to: z.string() }).nullable(),
});

const id = z.string().meta({ description: 'Id of a dataset, or its beginning, from 4 digits on' });

/** `GET /datasets/:ticker` and `GET /datasets/:id/diff/:other`. */
export const datasetEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/datasets/:ticker',
    summary: 'The datasets that were taken of a ticker, newest first',
    params: z.strictObject({ ticker: tickerField }),
    query: z.strictObject({
      limit: wholeNumberField(1, MOST_LISTED_DATASETS, `How many; default ${LISTED_DATASETS}`).optional(),
      offset: wholeNumberField(0, Number.MAX_SAFE_INTEGER, 'How many of the newest to leave out; default 0').optional(),
    }),
    answer: { status: 200, name: 'Datasets', schema: list },
    errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params: { ticker }, query: { limit = LISTED_DATASETS, offset = 0 } }) =>
      listDatasets(services, context, ticker, { limit, offset }),
  }),
  endpoint({
    method: 'get',
    path: '/datasets/:id/diff/:other',
    summary: 'What changed from one dataset to another of the same ticker',
    params: z.strictObject({ id, other: id }),
    query: z.strictObject({
      limit: wholeNumberField(
        1,
        MOST_SHOWN_CHANGES,
        `How many changes of each sort to show; default ${SHOWN_CHANGES}`,
      ).optional(),
    }),
    answer: { status: 200, name: 'DatasetDiff', schema: diff },
    errors: ['DATASET_UNKNOWN', 'DATASET_GONE', 'OBJECT_DAMAGED', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params, query: { limit = SHOWN_CHANGES } }) =>
      diffDatasets(services, context, [params.id, params.other], limit),
  }),
];
