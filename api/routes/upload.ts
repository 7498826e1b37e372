import { z } from 'zod';
import { StockcastError } from '../../domain/errors.ts';
import { type TakeInReport, takeInPrices } from '../../serving/take-in-prices.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { flagField } from '../fields.ts';
import type { ApiParts } from '../parts.ts';
import { mergeOptions, readBy } from '../read-request.ts';
import { restatementSchema } from './restatements.ts';
import { type UploadRules, type UploadedFile, withUploadForm } from '../upload-form.ts';

/** How a file of prices is taken in. */
export const takeInOptions = z.strictObject({
  on_bad_row: z.enum(['refuse', 'skip']).optional().meta({
    description: '`refuse` (default): one bad row refuses the file. `skip`: take the good rows, report the others',
  }),
  adjust_splits: flagField('Take suspected splits for splits; default false').optional(),
});

const file = z.string().meta({ format: 'binary' });
/** The fields of a form that holds prices. */
export const takeInForm = z.strictObject({
  file: file.meta({ format: 'binary', description: 'CSV of prices: ticker,sector,date,close,open,low,high,volume' }),
  events: file
    .meta({ format: 'binary', description: 'CSV of splits and dividends: ticker,date,kind,value' })
    .optional(),
  ...takeInOptions.shape,
  // The page at /docs sends every field of a form.
  adjust_splits: takeInOptions.shape.adjust_splits.meta({ default: false }),
});

/** What became of a file of prices. */
export const takeInReport = z.object({
  file: z.string(),
  ingest_id: z.string().describe("SHA-256 of the files' content"),
  accepted_rows: z.int(),
  rejected_rows: z.int(),
  rejected: z
    .array(
      z.object({
        file: z.string(),
        line: z.int().describe('Counted from 1, the header included'),
        column: z.string(),
        value: z.string(),
        reason: z.string(),
      }),
    )
    .describe('With on_bad_row=skip: what was wrong, the first thousand problems'),
  notices: z.array(z.string()),
  tickers: z.array(
    z.object({
      ticker: z.string(),
      rows: z.int(),
      added: z.int().describe('Sessions that were not known before'),
      first_session: z.iso.date(),
      last_session: z.iso.date(),
    }),
  ),
  unchanged: z.int().describe('Rows equal to what was known'),
  restated: z
    .array(z.object({ ticker: z.string(), date: z.iso.date() }))
    .describe('Sessions whose values changed: the first hundred'),
  n_restated: z.int(),
  events_added: z.int(),
  events_restated: z.int(),
  restatement: restatementSchema
    .nullable()
    .describe('How known history was changed, and what rests on it; null: it was not'),
  suspected_splits: z.array(
    z.object({
      ticker: z.string(),
      date: z.iso.date(),
      ratio: z.number().describe('New shares per old one'),
      close_before: z.number(),
      open_after: z.number(),
      reason: z.string(),
      adjusted: z.boolean(),
    }),
  ),
});

/** `POST /upload`: adds a file of prices to what is known. */
export const uploadEndpoint: Endpoint = endpoint({
  method: 'post',
  path: '/upload',
  summary: 'Add a file of prices to what is known',
  description:
    'A multipart form. Nothing is stored when the file is refused. Options may stand in the query or in the form.',
  query: takeInOptions,
  form: takeInForm,
  answer: { status: 200, name: 'UploadReport', schema: takeInReport },
  errors: [
    'FILE_REFUSED',
    'FILE_UNREADABLE',
    'UPLOAD_TOO_LARGE',
    'MEDIA_TYPE_UNSUPPORTED',
    'UPLOAD_BUSY',
    'DATABASE_UNAVAILABLE',
  ],
  handle: async (parts, { context, query, request, signal }) => {
    const { services, metrics } = parts;
    return withUploadForm(
      request,
      priceFormRules(parts, takeInOptions, signal),
      async ({ files: { file: prices, events }, fields }) => {
        const chosen = mergeOptions(query, readBy(takeInOptions, fields, 'form'), 'form');
        if (prices === undefined) {
          throw new StockcastError('REQUEST_INVALID', {
            field: 'file',
            problem: 'missing (curl: -F file=@prices.csv)',
          });
        }
        const taken = await takeInPrices(services, context, { ...priceFiles(prices, events, chosen), signal });
        metrics.rowsTaken(taken.accepted_rows, taken.rejected_rows);
        return takeInAnswer(taken);
      },
    );
  },
});

/** What a form of prices may hold besides its files: these fields. */
export function priceFormRules(
  { settings, uploadsDir }: Pick<ApiParts, 'settings' | 'uploadsDir'>,
  fields: z.ZodObject,
  signal: AbortSignal,
): UploadRules {
  return {
    dir: uploadsDir,
    limitBytes: settings.uploadLimitBytes,
    fileNames: ['file', 'events'],
    fieldNames: Object.keys(fields.shape),
    signal,
  };
}

/** The files of a form, as they are taken in. */
export function priceFiles(
  prices: UploadedFile,
  events: UploadedFile | undefined,
  { on_bad_row: onBadRow = 'refuse', adjust_splits: adjustSplits = false }: z.output<typeof takeInOptions>,
) {
  return {
    pricesPath: prices.path,
    pricesName: prices.name,
    ...(events === undefined ? {} : { eventsPath: events.path, eventsName: events.name }),
    onBadRow,
    adjustSplits,
  };
}

/** What became of a file of prices, as it is answered. */
export function takeInAnswer({ suspected_splits, ...taken }: TakeInReport) {
  return {
    ...taken,
    suspected_splits: suspected_splits.map(({ ticker, date, ratio, closeBefore, openAfter, reason, adjusted }) => ({
      ticker,
      date,
      ratio,
      close_before: closeBefore,
      open_after: openAfter,
      reason,
      adjusted,
    })),
  };
}
