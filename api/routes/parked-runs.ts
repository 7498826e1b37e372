import { z } from 'zod';
import { StockcastError } from '../../domain/errors.ts';
import { type MendedAnswer, acceptParked, correctParked, listParked } from '../../serving/parked-runs.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { flagField, tickerField } from '../fields.ts';
import { readBy } from '../read-request.ts';
import { withUploadForm } from '../upload-form.ts';
import { runParams } from './approvals.ts';
import { parkedState } from './parked-state.ts';
import { priceFiles, priceFormRules, takeInAnswer, takeInForm, takeInOptions, takeInReport } from './upload.ts';

const parkedRuns = z.object({
  parked: z.array(
    parkedState.extend({
      run_id: z.string(),
      ticker: z.string(),
      ui: z.string().nullable().describe("The run in Temporal's Web UI; null where its address is not known"),
    }),
  ),
  unanswered: z.array(z.string()).describe('Runs that are parked but could not be asked why: no worker answers'),
});

const by = z.string().describe('Who says so, for the ledger; default: STOCKCAST_PRINCIPAL').optional();
const ticker = tickerField.describe('Of a run of many tickers, this one alone').optional();
const reason = z.string().describe('Why, for the ledger; default: the name of the file').optional();

const correctionFields = z.strictObject({
  ...takeInOptions.shape,
  ticker,
  by,
  reason,
  as_known_now: flagField('Let a run as of a date see corrections that were not known then; default false').optional(),
});
const correctionForm = z.strictObject({
  ...takeInForm.shape,
  file: takeInForm.shape.file.optional(),
  ...correctionFields.omit({ adjust_splits: true }).shape,
  // The page at /docs sends every field of a form.
  as_known_now: correctionFields.shape.as_known_now.meta({ default: false }),
});

const acceptance = z
  .strictObject({ ticker, by, reason: z.string().describe('Why, for the ledger') })
  .meta({ examples: [{ by: 'Ada', reason: 'The jump was real.' }] });

const mended = z.object({
  how: z.enum(['corrected', 'accepted']),
  by: z.string(),
  reason: z.string(),
  runs: z.array(z.object({ run_id: z.string(), ticker: z.string() })).describe('The runs that go on'),
  taken: takeInReport.nullable().describe('What became of the corrected file; null when none was given'),
});
const answer = { status: 200, name: 'MendedRuns', schema: mended } as const;

/**
 * `GET /runs/parked`, `POST /runs/*id/correct`, `POST /runs/*id/accept`: what is parked, and what lets it go on. They
 * stand before `GET /runs/*id`, whose wildcard would take them.
 */
export const parkedEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/runs/parked',
    summary: 'The runs that wait for a person to mend them',
    answer: { status: 200, name: 'ParkedRuns', schema: parkedRuns },
    errors: ['TEMPORAL_UNAVAILABLE'],
    handle: ({ temporal }, { context }) => listParked(temporal, context),
  }),
  endpoint({
    method: 'post',
    path: '/runs/*id/correct',
    summary: 'Take corrected prices in and let a parked run start over on them',
    description:
      'A multipart form, as for /upload. Without a file the run looks again at what is known by now. Of a run of many ' +
      'tickers, the parked ones start over that the file has rows of. A refused file leaves everything as it was.',
    params: runParams,
    form: correctionForm,
    answer,
    errors: [
      'RUN_UNKNOWN',
      'MENDING_REFUSED',
      'TICKER_INVALID',
      'FILE_REFUSED',
      'FILE_UNREADABLE',
      'UPLOAD_TOO_LARGE',
      'MEDIA_TYPE_UNSUPPORTED',
      'UPLOAD_BUSY',
      'TEMPORAL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE',
    ],
    handle: async (parts, { context, params: { id }, request, signal }) => {
      const { services, temporal, metrics } = parts;
      const rules = priceFormRules(parts, correctionFields, signal);
      return withUploadForm(request, rules, async ({ files: { file: prices, events }, fields }) => {
        const { as_known_now: asKnownNow = false, ...chosen } = readBy(correctionFields, fields, 'form');
        if (prices === undefined && events !== undefined) {
          throw new StockcastError('REQUEST_INVALID', {
            field: 'events',
            problem: 'belongs to file, which is missing',
          });
        }
        const files = prices === undefined ? {} : { files: { ...priceFiles(prices, events, chosen), signal } };
        const done = await correctParked(services, temporal, context, {
          ...said(id, chosen),
          ...(asKnownNow ? { asKnownNow } : {}),
          ...files,
        });
        if (done.taken !== null) metrics.rowsTaken(done.taken.accepted_rows, done.taken.rejected_rows);
        return mendedAnswer(done);
      });
    },
  }),
  endpoint({
    method: 'post',
    path: '/runs/*id/accept',
    summary: 'Let a parked run go on as it is',
    description: 'On the good rows, or with naive where no candidate passed.',
    params: runParams,
    body: { name: 'Acceptance', schema: acceptance },
    answer,
    errors: [
      'RUN_UNKNOWN',
      'MENDING_REFUSED',
      'TICKER_INVALID',
      'MEDIA_TYPE_UNSUPPORTED',
      'REQUEST_TOO_LARGE',
      'TEMPORAL_UNAVAILABLE',
    ],
    handle: async ({ temporal }, { context, params: { id }, body }) =>
      mendedAnswer(await acceptParked(temporal, context, { ...said(id, body), reason: body.reason })),
  }),
];

function said(
  runId: string,
  given: {
    readonly ticker?: string | undefined;
    readonly by?: string | undefined;
    readonly reason?: string | undefined;
  },
) {
  const { ticker, by, reason } = given;
  return {
    runId,
    ...(ticker === undefined ? {} : { ticker }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function mendedAnswer({ taken, ...answered }: MendedAnswer) {
  return { ...answered, taken: taken === null ? null : takeInAnswer(taken) };
}
