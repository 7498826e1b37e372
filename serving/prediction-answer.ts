import { createHash } from 'node:crypto';
import { latestClosedSession } from '../domain/calendar.ts';
import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { contentHash } from '../domain/identity.ts';
import {
  type Direction,
  type Forecast,
  type PastForecast,
  directionOf,
  forecastId,
  pastForecastId,
  priceTarget,
} from '../domain/forecast.ts';
import type { Given } from './cache-aside.ts';
import type { ExperimentArm } from './experiment-traffic.ts';
import { stalenessNote } from './forecasting.ts';
import type { QuoteAnswer } from './quotes.ts';

/** A forecast as people and programs are given it, by the API and by the CLI. Prices are USD as traded. */
export interface PredictionAnswer {
  /** Names the forecast, for `lineage`; the same whenever it is given. */
  readonly forecast_id: string;
  readonly ticker: string;
  readonly current_price: number;
  readonly prediction: { readonly price_target: number; readonly confidence: number; readonly direction: Direction };
  /** Where the price will lie with each probability, narrowest first. */
  readonly intervals: readonly { readonly level: number; readonly low: number; readonly high: number }[];
  /** The model's own calibrated probability that the direction is right, in [0.5, 1). */
  readonly direction_probability: number;
  /** When the answer was given. */
  readonly timestamp: string;
  readonly horizon: number;
  readonly as_of: string;
  /** Of a forecast as of a past day: the day that was asked for, at whose end it looks. */
  readonly as_known_on?: string;
  readonly target_date: string;
  readonly model: string;
  readonly model_version: number;
  readonly model_id: string;
  /** Out-of-sample RMSE over the naive forecast's; null when the model was not evaluated. */
  readonly baseline_ratio: number | null;
  /** The certificate that the model earned; null when it has none. */
  readonly certificate_id: string | null;
  readonly notes: readonly string[];
  /** Whether prices or models may have changed since without anybody being able to tell. */
  readonly stale: boolean;
  /** Of a stale answer: how long ago the forecast was read. */
  readonly age_seconds?: number;
  /** What the ticker costs now, when a live source was asked. */
  readonly quote?: QuoteAnswer;
  /** Where an experiment decides who answers: which one, and as what the model did. */
  readonly experiment?: ExperimentArm;
}

/** Puts a forecast into the form of the answer. */
export function predictionAnswer(context: Context, forecast: Forecast, quote?: QuoteAnswer): PredictionAnswer {
  return {
    ticker: forecast.ticker,
    current_price: forecast.currentPrice,
    prediction: {
      price_target: priceTarget(forecast.currentPrice, forecast.logReturn),
      confidence: forecast.confidence,
      direction: directionOf(forecast.logReturn),
    },
    timestamp: context.clock.now().toISOString(),
    forecast_id: forecastId(forecast),
    intervals: forecast.intervals.map(({ level, lower, upper }) => ({
      level,
      low: priceTarget(forecast.currentPrice, lower),
      high: priceTarget(forecast.currentPrice, upper),
    })),
    direction_probability: forecast.directionProbability,
    horizon: forecast.horizon,
    as_of: forecast.originSession,
    target_date: forecast.targetSession,
    model: forecast.kind,
    model_version: forecast.modelVersion,
    model_id: forecast.modelId,
    baseline_ratio: forecast.baselineRatio ?? null,
    certificate_id: forecast.certificateId ?? null,
    notes: forecast.notes,
    stale: false,
    ...(quote === undefined ? {} : { quote }),
  };
}

const NOT_TOLD = 'The last known forecast: whether it is still current cannot be told now.';

/** As `predictionAnswer`, for a forecast as of a past day, which has an id of its own. */
export function answerAsOf(context: Context, forecast: PastForecast): PredictionAnswer {
  return {
    ...predictionAnswer(context, forecast),
    forecast_id: pastForecastId(forecast),
    as_known_on: forecast.vantage.asOf,
  };
}

/** As `predictionAnswer`, for a forecast from a cache: says what only the time of day, or a failure, adds. */
export function givenAnswer(
  context: Context,
  { value, verdict, ageMs }: Given<Forecast>,
  quote?: QuoteAnswer,
  experiment?: ExperimentArm,
): PredictionAnswer {
  const newestClosed = latestClosedSession(context.clock.now());
  const note = stalenessNote(value, newestClosed);
  const noted = note === undefined ? value : { ...value, notes: [...value.notes, note] };
  const answer = {
    ...predictionAnswer(context, noted, quote),
    ...(experiment === undefined ? {} : { experiment }),
  };
  if (verdict !== 'stale') return answer;
  const ageSeconds = Math.round(ageMs / 1000);
  return { ...answer, notes: [...answer.notes, NOT_TOLD], stale: true, age_seconds: ageSeconds };
}

/** An answer as it goes over the wire. */
export interface WrittenPrediction {
  /** JSON of a `PredictionAnswer`. */
  readonly body: string;
  /** Length of the body in UTF-8. */
  readonly bytes: number;
  /** Weak: equal for answers that differ in nothing but when they were given, and how old what they tell was then. */
  readonly etag: string;
}

/** Writes down an answer that is held nowhere, such as one as of a past day; equal ones have equal ETags. */
export function writtenAnswer(answer: PredictionAnswer): WrittenPrediction {
  return measured(JSON.stringify(answer), `W/"${contentHash({ ...answer, timestamp: '' })}"`);
}

/** The parts of an answer around its times, and what they were written from. */
interface Template {
  readonly newestClosed: SessionDate;
  readonly experiment: ExperimentArm | undefined;
  readonly quote: QuoteAnswer | undefined;
  readonly beforeTime: string;
  /** Up to the age of the quote, where there is one; else all of the rest. */
  readonly afterTime: string;
  readonly afterAge: string;
  /** Length in UTF-8 of the parts and of a time stamp. */
  readonly bytes: number;
  readonly etag: string;
}

const SLOT = '(slot)';
const TIME_SLOT = `"timestamp":"${SLOT}"`;
const AGE_SLOT = `"age_seconds":"${SLOT}"`;
/** 132 bits. */
const ETAG_DIGITS = 22;
/** Apart, since a ticker may be asked for with its quote and without. */
const plain = new WeakMap<Forecast, Template>();
const quoted = new WeakMap<Forecast, Template>();

/** As `givenAnswer`, written down. What stays the same from one answer to the next is written once. */
export function writtenPrediction(
  context: Context,
  given: Given<Forecast>,
  quote?: QuoteAnswer,
  experiment?: ExperimentArm,
): WrittenPrediction {
  if (given.verdict === 'stale') {
    const answer = givenAnswer(context, given, quote, experiment);
    return measured(JSON.stringify(answer), etagOf(answer));
  }
  const now = context.clock.now();
  const templates = quote === undefined ? plain : quoted;
  let template = templates.get(given.value);
  const isSame =
    template?.newestClosed === latestClosedSession(now) &&
    template.experiment === experiment &&
    saysTheSame(template.quote, quote);
  if (template === undefined || !isSame) {
    template = templateOf(context, given, quote, experiment);
    templates.set(given.value, template);
  }
  const { beforeTime, afterTime, afterAge, bytes, etag } = template;
  const untilAge = `${beforeTime}"timestamp":"${now.toISOString()}"${afterTime}`;
  if (quote === undefined) return { body: untilAge, bytes, etag };
  const age = `"age_seconds":${quote.age_seconds}`;
  return { body: `${untilAge}${age}${afterAge}`, bytes: bytes + age.length, etag };
}

function templateOf(
  context: Context,
  given: Given<Forecast>,
  quote: QuoteAnswer | undefined,
  experiment: ExperimentArm | undefined,
): Template {
  const now = context.clock.now();
  const answer = givenAnswer(context, given, quote, experiment);
  const text = JSON.stringify({
    ...answer,
    timestamp: SLOT,
    ...(quote === undefined ? {} : { quote: { ...quote, age_seconds: SLOT } }),
  });
  // A quotation mark within a text is escaped, so that nothing else looks like a slot.
  const [beforeTime, rest] = text.split(TIME_SLOT, 2) as [string, string];
  const [afterTime, afterAge = ''] = rest.split(AGE_SLOT, 2) as [string, string?];
  return {
    ...{ newestClosed: latestClosedSession(now), experiment, quote },
    ...{ beforeTime, afterTime, afterAge },
    bytes: Buffer.byteLength(`${beforeTime}"timestamp":"${now.toISOString()}"${afterTime}${afterAge}`),
    etag: etagOf(answer),
  };
}

/** Whether two quotes differ in nothing but their age. */
function saysTheSame(one: QuoteAnswer | undefined, other: QuoteAnswer | undefined): boolean {
  return (
    one?.price === other?.price &&
    one?.at === other?.at &&
    one?.source === other?.source &&
    one?.stale === other?.stale &&
    one?.problem === other?.problem
  );
}

function measured(body: string, etag: string): WrittenPrediction {
  return { body, bytes: Buffer.byteLength(body), etag };
}

function withoutTimes(key: string, value: unknown): unknown {
  return key === 'timestamp' || key === 'age_seconds' ? undefined : value;
}

function etagOf(answer: PredictionAnswer): string {
  const text = JSON.stringify(answer, withoutTimes);
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, ETAG_DIGITS)}"`;
}
