import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DAYS_OF_WEEK, type DueTimes, EXCHANGE_TIME_ZONE } from '../../domain/due-times.ts';
import { MONITOR_DRIFT } from '../../domain/drift.ts';
import { JUDGE_EXPERIMENTS } from '../../domain/experiment.ts';
import { StockcastError } from '../../domain/errors.ts';
import { plainProblem } from '../../domain/plain-problem.ts';
import { INGEST_PRICES, RETRAIN } from '../../domain/scheduled-run.ts';
import { SCORE_FORECASTS } from '../../domain/scoring.ts';

/** What a schedule's name looks like: it is part of ids. */
export const SCHEDULE_NAME = /^[a-z0-9][a-z0-9-]{0,59}$/;

const text = z.string().trim().min(1);
const texts = z.array(text).min(1);

/**
 * The workflows that a schedule may start, and what its `input` may say to each; version and context are added. A test
 * holds the names against the workflows that there are.
 */
export const SCHEDULABLE = {
  [INGEST_PRICES]: z.strictObject({
    source: text.optional(),
    tickers: texts.optional(),
    maxInFlight: z.int().min(1).optional(),
  }),
  [RETRAIN]: z.strictObject({
    tickers: texts.optional(),
    horizons: z.array(z.int().min(1)).min(1).optional(),
    kinds: texts.optional(),
    parameters: z.record(z.string(), z.json()).optional(),
  }),
  [SCORE_FORECASTS]: z.strictObject({ ticker: text.optional() }),
  [MONITOR_DRIFT]: z.strictObject({ ticker: text.optional() }),
  [JUDGE_EXPERIMENTS]: z.strictObject({}),
} as const satisfies Record<string, z.ZodType>;

/** The overlap policies of Temporal by their names there. */
const OVERLAP_POLICIES = ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL'] as const;

const MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** Shorter ones are raised to this by Temporal. */
const LEAST_CATCH_UP_MS = 10_000;

const durationMs = z
  .string()
  .regex(
    /^\d+ (second|minute|hour|day)s?$/,
    'expected a duration such as "90 seconds", "2 minutes", "1 hour", "7 days"',
  )
  .transform((duration) => {
    const [number, unit] = duration.split(' ') as [string, string];
    return Number(number) * MS[unit.replace(/s$/, '') as keyof typeof MS];
  });

const NO_PART = 'expected one that there is, {"start", "end", "step"}, a list of those, or "*"';

function partOf<T extends z.ZodType<string | number>>(value: T) {
  const range = z.union([value, z.strictObject({ start: value, end: value, step: z.int().min(1).optional() })]);
  return z.union([z.literal('*'), range, z.array(range).min(1)], NO_PART).optional();
}

const times: z.ZodType<DueTimes> = z.strictObject({
  dayOfWeek: partOf(z.enum(DAYS_OF_WEEK)),
  hour: partOf(z.int().min(0).max(23)),
  minute: partOf(z.int().min(0).max(59)),
  second: partOf(z.int().min(0).max(59)),
});

const entry = z.strictObject({
  name: z.string().regex(SCHEDULE_NAME, 'expected up to 60 lower-case letters, digits or "-"'),
  workflow: z.string(),
  purpose: text,
  times: z.array(times).min(1),
  jitter: z.strictObject({ upTo: durationMs, because: text }),
  overlap: z.strictObject({ policy: z.enum(OVERLAP_POLICIES), because: text }),
  catchUp: z.strictObject({
    within: durationMs.refine((ms) => ms >= LEAST_CATCH_UP_MS, 'expected 10 seconds or more'),
    because: text,
  }),
  input: z.record(z.string(), z.json()).default({}),
});

const file = z.strictObject({ timeZone: z.literal(EXCHANGE_TIME_ZONE), schedules: z.array(entry) });

/** One schedule as the file declares it; durations in milliseconds. */
export type DeclaredSchedule = z.output<typeof entry>;

/**
 * Reads and checks the file that declares the schedules.
 * @throws StockcastError FILE_UNREADABLE, SCHEDULES_INVALID naming every field that is wrong, its value and what is expected
 */
export function readSchedules(path: string): DeclaredSchedule[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StockcastError('FILE_UNREADABLE', { file: path, problem: (cause as Error).message }, { cause });
  }
  return parseSchedules(content, path);
}

/**
 * Checks the text of such a file; `path` is for messages.
 * @throws StockcastError SCHEDULES_INVALID
 */
export function parseSchedules(content: string, path: string): DeclaredSchedule[] {
  let declared: unknown;
  try {
    declared = JSON.parse(content);
  } catch (cause) {
    throw invalid(path, [`it is not JSON: ${(cause as Error).message}`], cause);
  }
  const parsed = file.safeParse(declared, { reportInput: true });
  if (!parsed.success) throw invalid(path, parsed.error.issues.map(inWords));
  const { schedules } = parsed.data;
  const problems = schedules.flatMap(({ name, workflow, input }, i) => {
    if (schedules.findIndex((other) => other.name === name) < i)
      return [`schedules.${i}.name: there are two "${name}"`];
    const schema = (SCHEDULABLE as Readonly<Record<string, z.ZodType>>)[workflow];
    if (schema === undefined) {
      const known = Object.keys(SCHEDULABLE).join(', ');
      return [`schedules.${i}.workflow: there is no workflow "${workflow}" for schedules; known: ${known}`];
    }
    const checked = schema.safeParse(input, { reportInput: true });
    return checked.success ? [] : checked.error.issues.map((issue) => `schedules.${i}.input.${inWords(issue)}`);
  });
  if (problems.length > 0) throw invalid(path, problems);
  return schedules;
}

function inWords(issue: z.core.$ZodIssue): string {
  const { path, input } = issue;
  const value = typeof input === 'object' && input !== null ? '' : ` (${JSON.stringify(input) ?? 'missing'})`;
  return `${path.join('.') || 'the file'}${value}: ${plainProblem(issue)}`;
}

function invalid(path: string, problems: readonly string[], cause?: unknown): StockcastError {
  return new StockcastError('SCHEDULES_INVALID', { file: path, problems: problems.join('; ') }, { cause });
}
