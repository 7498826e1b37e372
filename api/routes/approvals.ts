import { z } from 'zod';
import { listApprovals, sendVerdict } from '../../serving/approvals.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonField } from '../fields.ts';

/** The run that an address speaks of. */
export const runParams = z.strictObject({
  id: z.string().meta({ description: 'Run id; its slashes may be written as they are or as %2F' }),
});

const chosen = z.object({ model: z.string(), model_id: z.string() });

const approvals = z.object({
  approvals: z.array(
    z.object({
      run_id: z.string(),
      ticker: z.string(),
      horizon: z.int(),
      model: z.string().describe('What is to serve if it is approved'),
      model_id: z.string(),
      certificate_id: z.string(),
      serving: chosen.nullable().describe('What serves now; null when nothing does'),
      otherwise: chosen.describe('What serves if it is rejected'),
      reasons: z.array(z.string()),
      ui: z.string().nullable().describe("The run in Temporal's Web UI; null where its address is not known"),
    }),
  ),
  unanswered: z.array(z.string()).describe('Runs that wait but could not be asked for what: no worker answers'),
});

const verdict = z
  .strictObject({
    horizon: horizonField,
    verdict: z.enum(['approve', 'reject']),
    by: z.string().describe('Who says so, for the ledger'),
    reason: z.string().describe('Why, for the ledger'),
  })
  .meta({ examples: [{ horizon: 10, verdict: 'approve', by: 'Ada', reason: 'Its intervals held.' }] });

const taken = z.object({
  run_id: z.string(),
  horizon: z.int(),
  approved: z.boolean(),
  by: z.string(),
  reason: z.string(),
});

/** `GET /approvals`: the decisions that wait for a person. */
export const approvalsEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/approvals',
  summary: 'The decisions that wait for a person',
  answer: { status: 200, name: 'Approvals', schema: approvals },
  errors: ['TEMPORAL_UNAVAILABLE'],
  handle: ({ temporal }, { context }) => listApprovals(temporal, context),
});

/** `POST /runs/*id/verdict`: approves or rejects what a waiting run has chosen. */
export const verdictEndpoint: Endpoint = endpoint({
  method: 'post',
  path: '/runs/*id/verdict',
  summary: 'Approve or reject what a waiting run has chosen',
  params: runParams,
  body: { name: 'Verdict', schema: verdict },
  answer: { status: 200, name: 'TakenVerdict', schema: taken },
  errors: [
    'HORIZON_INVALID',
    'RUN_UNKNOWN',
    'VERDICT_REFUSED',
    'MEDIA_TYPE_UNSUPPORTED',
    'REQUEST_TOO_LARGE',
    'TEMPORAL_UNAVAILABLE',
  ],
  handle: ({ temporal }, { context, params: { id }, body: { horizon, verdict: said, by, reason } }) =>
    sendVerdict(temporal, context, id, { horizon, approve: said === 'approve', by, reason }),
});
