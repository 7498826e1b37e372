import { z } from 'zod';
import { type Horizon, MAX_HORIZON, parseHorizon } from '../domain/horizon.ts';
import type { Json } from '../domain/identity.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import { LIVE_SOURCES } from '../domain/price-source.ts';
import { TICKER_FORM, parseTicker } from '../domain/ticker.ts';
import {
  LARGEST_SEED,
  LEAST_TRIALS,
  LEAST_WINDOW,
  MOST_EMBARGO,
  MOST_SEARCH_SECONDS,
  MOST_TRIALS,
} from '../domain/training-limits.ts';

// What stands in a query is text, what stands in a body may be a number: these fields take both. `meta` describes them
// in OpenAPI, since a transformation can't be written there.
const loose = z.unknown();
const number = (value: unknown) =>
  typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** A ticker; lower case and surrounding spaces are forgiven. Throws TICKER_INVALID. */
export const tickerField = z
  .string()
  .meta({ description: `Ticker: ${TICKER_FORM}`, examples: ['AAPL'] })
  .transform(parseTicker);

/** A horizon in exchange sessions. Throws HORIZON_INVALID. */
export const horizonField = loose
  .meta({ type: 'integer', minimum: 1, maximum: MAX_HORIZON, description: 'Exchange sessions ahead', examples: [10] })
  .transform((value): Horizon => parseHorizon(typeof value === 'number' ? value : (shown(value) ?? '')));

/** Several values: a JSON array, or in a query `a,b` or the field repeated. */
function listOf<S extends z.ZodType>(field: S, items: object, description: string) {
  return loose
    .meta({ type: 'array', items, description })
    .transform((value) => {
      const parts = typeof value === 'string' ? [value] : value;
      if (!Array.isArray(parts)) return parts;
      return parts.flatMap((part: unknown) =>
        typeof part === 'string' ? part.split(',').map((item) => item.trim()) : [part],
      );
    })
    .pipe(z.array(field).min(1));
}

/** Horizons, at least one. Throws HORIZON_INVALID. */
export const horizonsField = listOf(
  horizonField,
  { type: 'integer', minimum: 1, maximum: MAX_HORIZON },
  'Horizons in exchange sessions, for example 1,10',
);

/** Tickers, at least one. Throws TICKER_INVALID. */
export const tickersField = listOf(tickerField, { type: 'string' }, 'Tickers, for example AAPL,MSFT');

/** Names of model kinds; whether there are such kinds is for the use cases to say. */
const kindsField = listOf(
  z.string(),
  { type: 'string' },
  'Candidate kinds, for example linear,random-forest; the baselines are trained beside them always',
);

/** Parameters that differ from a kind's defaults, by kind; whether they are possible is for the use cases to say. */
export const parametersField = z
  // What has been parsed from a body is JSON; `z.json()` would put a recursive definition into OpenAPI.
  .record(
    z.string(),
    z.record(
      z.string(),
      loose.transform((value) => value as Json),
    ),
  )
  .meta({ description: "Parameters that differ from a kind's defaults, by kind" });

/** A training window: newest sessions to learn from, or `all`. */
const windowField = loose
  .meta({
    anyOf: [{ const: 'all' }, { type: 'integer', minimum: LEAST_WINDOW }],
    description: 'Newest sessions that models learn from, or "all"',
  })
  .transform((value, issues): TrainingWindow => {
    if (value === 'all') return value;
    return checkedWhole(value, LEAST_WINDOW, Number.MAX_SAFE_INTEGER, issues, ' sessions, or "all"');
  });

/** A whole number within bounds, both included. */
export function wholeNumberField(least: number, most: number, description: string) {
  return loose
    .meta({ type: 'integer', minimum: least, maximum: most, description })
    .transform((value, issues) => checkedWhole(value, least, most, issues));
}

/** A seed of everything random in training. */
const seedField = wholeNumberField(0, LARGEST_SEED, 'Seed of everything random');

/** Sessions left out between training labels and the first forecast of an evaluation, beyond the horizon. */
const embargoField = wholeNumberField(
  0,
  MOST_EMBARGO,
  'Sessions left out of evaluations before each first forecast, beyond the horizon; default 0',
);

/** How much a search for parameters may try before training. */
export const searchField = z
  .strictObject({
    trials: wholeNumberField(
      LEAST_TRIALS,
      MOST_TRIALS,
      'Settings to try for each kind and horizon, the defaults first',
    ),
    max_seconds: wholeNumberField(
      1,
      MOST_SEARCH_SECONDS,
      'Ends each search after so long; what it chose can then not be repeated exactly',
    ).optional(),
  })
  .meta({ description: 'Search for parameters before training; absent: they are as given' });

/** A date, by which the system looks at what was known then; the use cases check it. */
export const asOfField = z.string().meta({
  format: 'date',
  description: 'Train as of this date in New York: later sessions, events and restatements count as unknown',
});

/** A past date, to be answered as one would have been then; the use cases check it. */
export const forecastAsOfField = z.string().meta({
  format: 'date',
  description:
    'Forecast as of the end of this date in New York, by the model in production then: later sessions, events and restatements count as unknown',
  examples: ['2010-06-01'],
});

/** A price source; whether there is such a one is for the use cases to say. */
export const sourceField = z.string().meta({
  description: `Where newer prices come from first: csv (what is held), ${LIVE_SOURCES.join(' or ')}; default: as configured`,
  examples: ['yahoo'],
});

/** `true` or `false`, as JSON or as text. */
export function flagField(description: string) {
  return loose.meta({ type: 'boolean', description }).transform((value, issues) => {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    issues.addIssue({ code: 'custom', message: `"${shown(value)}" is not possible: expected true or false` });
    return z.NEVER;
  });
}

/** How models are trained, as far as a query can say it. */
export const trainingFields = {
  horizons: horizonsField.optional(),
  kinds: kindsField.optional(),
  window: windowField.optional(),
  seed: seedField.optional(),
  embargo: embargoField.optional(),
  scale_targets: flagField('Whether candidates learn returns over their forecast volatility; default: true').optional(),
};

function checkedWhole(value: unknown, least: number, most: number, issues: z.core.$RefinementCtx, unit = ''): number {
  const found = number(value);
  if (Number.isSafeInteger(found) && found >= least && found <= most) return found;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  issues.addIssue({
    code: 'custom',
    message: `"${shown(value)}" is not possible: expected a whole number ${range}${unit}`,
  });
  return z.NEVER;
}

/** A download link in an answer. */
export const downloadUrl = z
  .url()
  .optional()
  .describe('Downloads the stored object for an hour, without further permission; only where MinIO or S3 keeps it');
