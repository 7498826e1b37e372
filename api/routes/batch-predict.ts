import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import { isTicker, parseTicker } from '../../domain/ticker.ts';
import { tickersOnce } from '../../serving/histories.ts';
import { aFewAtATime } from '../../serving/a-few-at-a-time.ts';
import { type Endpoint, type Frozen, endpoint } from '../endpoint.ts';
import { asStockcastError, problemOf, problemSchema } from '../problem.ts';
import { predict, predicted, prediction, predictionOptions } from './predict.ts';

const MAX_TICKERS = 1000;
/** What concerns one ticker although it may pass: its prices cannot be had, or taken in, just now. */
const OF_ONE: ReadonlySet<ErrorCode> = new Set(['SOURCE_UNAVAILABLE', 'UPLOAD_BUSY']);
/** What concerns the request and not one of its tickers. */
const OF_THE_WHOLE: ReadonlySet<ErrorCode> = new Set([
  'MODEL_KIND_UNKNOWN',
  'SOURCE_UNKNOWN',
  'DATE_INVALID',
  'REQUEST_INVALID',
]);

const request = predictionOptions
  .extend({ tickers: z.array(z.string()).min(1).max(MAX_TICKERS) })
  .meta({ examples: [{ tickers: ['AAPL', 'MSFT'], horizon: 10 }] });

const answer = z.object({
  results: z
    .array(
      z.union([
        z.object({ ticker: z.string(), result: prediction }),
        z.object({ ticker: z.string(), error: problemSchema }),
      ]),
    )
    .describe('In the order asked for, each ticker once'),
  n_results: z.int(),
  n_errors: z.int(),
});

type Result = Frozen<z.infer<typeof answer>>['results'][number];

/** `POST /batch-predict`: a result or an error per ticker. */
export const batchPredictEndpoint: Endpoint = endpoint({
  method: 'post',
  path: '/batch-predict',
  summary: 'Forecast many tickers',
  description: `At most ${MAX_TICKERS} tickers. One that cannot be answered gets its problem document; the others are answered.`,
  body: { name: 'BatchPredictionRequest', schema: request },
  answer: { status: 200, name: 'BatchPrediction', schema: answer },
  errors: [
    'HORIZON_INVALID',
    'DATE_INVALID',
    'MODEL_KIND_UNKNOWN',
    'SOURCE_UNKNOWN',
    'MEDIA_TYPE_UNSUPPORTED',
    'REQUEST_TOO_LARGE',
    'DATABASE_UNAVAILABLE',
  ],
  handle: async (parts, call) => {
    const { services } = parts;
    const { context, requestId, signal } = call;
    const { tickers, ...options } = call.body;
    const known = tickersOnce(services, context);
    const asked = [...new Set(tickers.map(normalised))];
    const results = await aFewAtATime(asked, async (ticker): Promise<Result> => {
      signal.throwIfAborted();
      try {
        const made = await predict(parts, call, parseTicker(ticker), options, known);
        return { ticker, result: predicted(call, made) };
      } catch (thrown) {
        const error = asStockcastError(thrown, requestId);
        const passing = error.retryable && !OF_ONE.has(error.code);
        if (error.code === 'UNEXPECTED' || passing || OF_THE_WHOLE.has(error.code)) throw thrown;
        return { ticker, error: problemOf(error, `/predict/${encodeURIComponent(ticker)}`, requestId) };
      }
    });
    const nErrors = results.filter((result) => 'error' in result).length;
    return { results, n_results: results.length - nErrors, n_errors: nErrors };
  },
});

// An ill-formed ticker stays as it was written, so that whoever asked finds it again.
function normalised(text: string): string {
  const ticker = text.trim().toUpperCase();
  return isTicker(ticker) ? ticker : text;
}
