import { z } from 'zod';
import {
  describeSchedule,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
} from '../../serving/schedules/schedules.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';

const schedule = z.object({
  name: z.string(),
  schedule_id: z.string().describe("As Temporal's own tools take it"),
  workflow: z.string(),
  purpose: z.string(),
  paused: z.boolean(),
  note: z.string().nullable().describe('What was said when it was paused or resumed'),
  time_zone: z.string(),
  next: z.array(z.iso.datetime()).describe('The next due times, jitter included; also of a paused schedule'),
  taken: z.int().describe('Runs that it has started'),
  skipped_for_overlap: z.int(),
  missed_catch_up: z.int().describe('Due times that were missed and lay outside of the catch-up window'),
});

const details = schedule.extend({
  jitter_ms: z.int(),
  overlap: z.string().describe("Temporal's name of the overlap policy"),
  catch_up_ms: z.int(),
  because: z
    .object({ jitter: z.string(), overlap: z.string(), catch_up: z.string() })
    .describe('Why they are as they are'),
  times: z.array(z.unknown()).describe('When it is due, as in the file that declares it'),
  input: z.unknown().describe('What its runs are started with'),
  runs: z
    .array(
      z.object({
        run_id: z.string(),
        due_at: z.iso.datetime().nullable().describe('In a backfill, back then'),
        started_at: z.iso.datetime(),
        status: z.string(),
        as_of: z.iso.date().nullable().describe('The session that it was for'),
        verdict: z.string().nullable().describe('How it came out: completed, failed, skipped or cancelled'),
        reason: z.string().nullable().describe('Why it was skipped or failed'),
        ui: z.string().nullable(),
      }),
    )
    .describe('The newest ten, newest first'),
});

const params = z.strictObject({ name: z.string() });
const turning = z
  .strictObject({ reason: z.string().optional().describe('Why, for whoever looks at it later') })
  .meta({ examples: [{ reason: 'the provider moves house' }] });

const unknown = ['SCHEDULE_UNKNOWN', 'SCHEDULE_FOREIGN', 'TEMPORAL_UNAVAILABLE'] as const;
const turned = [...unknown, 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'] as const;
const answer = { status: 200, name: 'Schedule', schema: schedule } as const;

/** `GET /schedules`, `GET /schedules/:name` and `POST /schedules/:name/pause|resume|trigger`: what runs by itself. */
export const scheduleEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/schedules',
    summary: 'What runs by itself, and when it is due next',
    description: 'A schedule that was made a moment ago may be missing: Temporal lists it a little later.',
    answer: { status: 200, name: 'ScheduleList', schema: z.object({ schedules: z.array(schedule) }) },
    errors: ['TEMPORAL_UNAVAILABLE'],
    handle: async ({ temporal }, { context }) => ({ schedules: await listSchedules(temporal, context) }),
  }),
  endpoint({
    method: 'get',
    path: '/schedules/:name',
    summary: 'When and how a schedule runs, why so, and its newest runs',
    params,
    answer: { status: 200, name: 'ScheduleDetails', schema: details },
    errors: unknown,
    handle: ({ temporal }, { context, params: { name } }) => describeSchedule(temporal, context, name),
  }),
  endpoint({
    method: 'post',
    path: '/schedules/:name/pause',
    summary: 'Start nothing by itself until it is resumed; runs under way go on',
    params,
    body: { name: 'SchedulePause', schema: turning },
    answer,
    errors: turned,
    handle: ({ temporal }, { context, params: { name }, body: { reason } }) =>
      pauseSchedule(temporal, context, name, reason ?? `paused by ${context.principal}`),
  }),
  endpoint({
    method: 'post',
    path: '/schedules/:name/resume',
    summary: 'Start runs when they are due again',
    params,
    body: { name: 'ScheduleResumption', schema: turning },
    answer,
    errors: turned,
    handle: ({ temporal }, { context, params: { name }, body: { reason } }) =>
      resumeSchedule(temporal, context, name, reason ?? `resumed by ${context.principal}`),
  }),
  endpoint({
    method: 'post',
    path: '/schedules/:name/trigger',
    summary: 'Start a run now, whether the schedule is paused or not',
    params,
    answer: { ...answer, status: 202 },
    errors: unknown,
    handle: ({ temporal }, { context, params: { name } }) => triggerSchedule(temporal, context, name),
  }),
];
