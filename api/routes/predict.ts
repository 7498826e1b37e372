import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import type { SessionDate } from '../../domain/bar.ts';
import { isIsoDate } from '../../domain/calendar.ts';
import { StockcastError } from '../../domain/errors.ts';
import { type Forecast, isPast, priceTarget } from '../../domain/forecast.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import type { ExperimentTraffic } from '../../serving/experiment-traffic.ts';
import { forecastAsOf } from '../../serving/forecast-as-of.ts';
import type { tickersOnce } from '../../serving/histories.ts';
import { type LiveForecast, liveForecast } from '../../serving/live-forecast.ts';
import {
  type PredictionAnswer,
  givenAnswer,
  answerAsOf,
  writtenAnswer,
  writtenPrediction,
} from '../../serving/prediction-answer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { forecastAsOfField, horizonField, sourceField, tickerField } from '../fields.ts';
import type { ApiParts } from '../parts.ts';
import type { RequestScope } from '../request-context.ts';
import { timeOrderedId } from '../time-ordered-id.ts';
import type { PredictionEntry } from '../../stores/audit/prediction-log.ts';
import { WrittenAnswer } from '../written-answer.ts';

const LONGEST_KIND = 100;
const UNHELD = { verdict: 'miss', ageMs: 0 } as const;

/** What a forecast may be asked for, besides its ticker. */
export const predictionOptions = z.strictObject({
  horizon: horizonField.optional(),
  model: z
    .string()
    .optional()
    .meta({ description: 'A trained kind, for example random-forest; default: the promoted model' }),
  source: sourceField.optional(),
  as_of: forecastAsOfField.optional(),
});

/** Answer of `GET /predict/:ticker`. */
export const prediction = z.object({
  forecast_id: z.string().describe('Names the forecast: GET /lineage/:id says what it was made from'),
  ticker: z.string(),
  current_price: z.number().describe('Close of the session `as_of`, as traded, in USD'),
  prediction: z.object({
    price_target: z.number().describe('In USD: current_price * exp(forecast log return)'),
    confidence: z
      .number()
      .min(0)
      .max(1)
      .describe(
        "Probability that the direction is right, from out-of-sample residuals; an ensemble's is its members' least",
      ),
    direction: z.enum(['bullish', 'bearish', 'neutral']),
  }),
  timestamp: z.string().describe('When the answer was given'),
  intervals: z
    .array(z.object({ level: z.number(), low: z.number(), high: z.number() }))
    .describe('Where the price will lie with each probability, in USD, narrowest first'),
  direction_probability: z
    .number()
    .min(0.5)
    .max(1)
    .describe("The model's own calibrated probability that the direction is right"),
  horizon: z.int().describe('Exchange sessions ahead'),
  as_of: z.iso.date().describe('The newest session that the forecast has seen'),
  as_known_on: z.iso
    .date()
    .optional()
    .describe('Of a forecast as of a past day: the day that was asked for, at whose end it looks'),
  target_date: z.iso.date().describe('The session that it speaks of'),
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
  baseline_ratio: z
    .number()
    .nullable()
    .describe('Out-of-sample RMSE over that of the naive forecast; below 1 is better than it'),
  certificate_id: z.string().nullable().describe('The certificate of the model; null when it has none'),
  notes: z.array(z.string()).describe('What a reader must know to judge the forecast'),
  stale: z
    .boolean()
    .describe(
      'Whether prices or models may have changed since: the database is away and this is the last known forecast',
    ),
  age_seconds: z.number().optional().describe('Of a stale answer: how long ago the forecast was read'),
  quote: z
    .object({
      price: z.number().describe('In USD, as traded'),
      at: z.iso.datetime().describe('When the price was made'),
      source: z.string().describe('Who gave it; `csv` for the close of the newest session that is held'),
      stale: z
        .boolean()
        .describe(
          'Whether a newer price may exist, since the source could not be asked or believed, or has not told it yet',
        ),
      age_seconds: z.int(),
      problem: z.string().optional().describe('Why it is stale'),
    })
    .optional()
    .describe('What the ticker costs now, when a live source was asked'),
  experiment: z
    .object({ id: z.string(), arm: z.enum(['champion', 'challenger']) })
    .optional()
    .describe('Where an experiment decides which model answers: which one, and as what this model did'),
});

/**
 * Answers one request for a forecast, by the rules of both endpoints, and notes it in the metrics and in the audit;
 * `tickers` as in `forecast`.
 */
export async function predict(
  parts: ApiParts,
  scope: RequestScope,
  ticker: string,
  { horizon = DEFAULT_HORIZON, model, source, as_of: asOf }: z.output<typeof predictionOptions>,
  tickers?: ReturnType<typeof tickersOnce>,
): Promise<LiveForecast> {
  const { services, forecasts, experiments } = parts;
  const { context } = scope;
  const asked: Asked = { started: performance.now(), ticker, horizon, model, asOf };
  try {
    const request = { ticker, horizon, kind: model, source };
    const made: LiveForecast =
      asOf === undefined
        ? experiments?.isRunning === true && model === undefined
          ? await answeredByArm(parts, experiments, scope, request, tickers)
          : await liveForecast(services, forecasts, context, request, tickers)
        : { given: { value: await forecastAsOf(services, context, { ...request, asOf }, tickers), ...UNHELD } };
    note(parts, scope, asked, undefined, made);
    return made;
  } catch (error) {
    note(parts, scope, asked, error instanceof StockcastError ? error.code : 'UNEXPECTED');
    throw error;
  }
}

/** A live forecast; where an experiment splits those who ask for the promoted model, by the model of their arm. */
async function answeredByArm(
  { services, forecasts }: ApiParts,
  experiments: ExperimentTraffic,
  { context, requestId }: RequestScope,
  request: Parameters<typeof liveForecast>[3],
  tickers?: ReturnType<typeof tickersOnce>,
): Promise<LiveForecast> {
  const ask = (more: { readonly modelId?: string | undefined } = {}) =>
    liveForecast(services, forecasts, context, { ...request, ...more }, tickers);
  const { ticker, horizon } = request;
  const arm = experiments.armFor(context, ticker, horizon, requestId);
  let made: LiveForecast;
  if (arm?.modelId === undefined) {
    made = arm === undefined ? await ask() : { ...(await ask()), experiment: arm.experiment };
  } else {
    try {
      made = { ...(await ask({ modelId: arm.modelId })), experiment: arm.experiment };
    } catch (error) {
      // A challenger that fails takes nobody's answer away.
      experiments.failed(error, context, ticker, horizon);
      made = { ...(await ask()), experiment: arm.champion };
    }
  }
  if (made.given.verdict !== 'stale') experiments.given(context, made.given.value);
  return made;
}

/** What a forecast was asked for, and since when. */
interface Asked {
  readonly started: number;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly model: string | undefined;
  readonly asOf: SessionDate | undefined;
}

function note({ metrics, audit }: ApiParts, scope: RequestScope, asked: Asked, code?: string, made?: LiveForecast) {
  const { started, ticker, horizon, model, asOf } = asked;
  const { context, requestId, seen } = scope;
  const durationMs = performance.now() - started;
  const now = context.clock.now();
  metrics.predicted(made?.given.value.kind ?? 'none', horizon, code ?? 'ok', durationMs);
  audit.note(context.tenant, {
    // By time, so that the newest rows lie together in the table's index.
    id: timeOrderedId(now.getTime()),
    at: now.toISOString(),
    requestId,
    principal: context.principal,
    route: seen.route ?? '',
    ticker,
    horizon,
    durationMs,
    asked: model === undefined ? undefined : storable(model),
    // What is no date was refused, and would have the database refuse the rows beside it.
    asOf: asOf !== undefined && isIsoDate(asOf) ? asOf : undefined,
    code,
    cache: made?.given.verdict,
    answer: made === undefined ? undefined : audited(made.given.value),
  });
}

// A text from outside: PostgreSQL takes neither NUL nor half a character, and a name of a kind is short.
function storable(text: string): string {
  return text
    .slice(0, LONGEST_KIND)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

/** A forecast in the form of the answer; one as of a past day says nothing of now. */
export function predicted(
  { context }: Pick<RequestScope, 'context'>,
  { given, quote, experiment }: LiveForecast,
): PredictionAnswer {
  return isPast(given.value) ? answerAsOf(context, given.value) : givenAnswer(context, given, quote, experiment);
}

const audits = new WeakMap<Forecast, NonNullable<PredictionEntry['answer']>>();

// The same forecast is given many times.
function audited(forecast: Forecast): NonNullable<PredictionEntry['answer']> {
  let answer = audits.get(forecast);
  if (answer === undefined) {
    const { modelId, kind, originSession, currentPrice, logReturn, confidence } = forecast;
    answer = { modelId, kind, originSession, priceTarget: priceTarget(currentPrice, logReturn), confidence };
    audits.set(forecast, answer);
  }
  return answer;
}

/** `GET /predict/:ticker`: a forecast from the newest known session. */
export const predictEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/predict/:ticker',
  summary: 'Forecast a price',
  description: `Defaults: horizon ${DEFAULT_HORIZON}, the promoted model. Asked again, the stored forecast is given again. With a live \`source\`, the newest closed sessions are taken in first, and the answer has a \`quote\`. With \`as_of\`, the forecast is made anew as it would have been made at the end of that day, and kept under an id of its own, apart from live ones. The answer has an ETag; X-Cache says whether the forecast was held in memory (hit), read anew (miss), or is the last known one (stale).`,
  params: z.strictObject({ ticker: tickerField }),
  query: predictionOptions,
  answer: { status: 200, name: 'Prediction', schema: prediction },
  errors: [
    'TICKER_INVALID',
    'TICKER_UNKNOWN',
    'HORIZON_INVALID',
    'DATE_INVALID',
    'MODEL_KIND_UNKNOWN',
    'MODEL_MISSING',
    'SOURCE_UNKNOWN',
    'SOURCE_TICKER_UNKNOWN',
    'SOURCE_UNAVAILABLE',
    'PRICES_REFUSED',
    'UPLOAD_BUSY',
    'OBJECT_MISSING',
    'OBJECT_DAMAGED',
    'DATABASE_UNAVAILABLE',
  ],
  handle: async (parts, call) => {
    const made = await predict(parts, call, call.params.ticker, call.query);
    call.seen.cache = made.given.verdict;
    call.seen.quoteCache = made.quoteVerdict;
    call.headers.push('X-Cache', made.given.verdict);
    const written = isPast(made.given.value)
      ? writtenAnswer(predicted(call, made))
      : writtenPrediction(call.context, made.given, made.quote, made.experiment);
    return new WrittenAnswer(written, { etag: written.etag, cacheControl: 'private, no-cache' });
  },
});
