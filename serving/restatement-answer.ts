import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { ImpliedAdjustment, Restatement, TickerRestatement } from '../domain/restatement.ts';
import { inWords as ratioInWords } from '../market/split-suspects.ts';
import { knownTickers } from './histories.ts';
import { type RestatementEffects, restatementEffects } from './restatement-effects.ts';
import type { Services } from './services.ts';

/** Forecasts that an answer names; it counts the others. */
const NAMED_FORECASTS = 1000;

/** What rests on a restatement, as people and programs are given it. */
export type AffectedAnswer = ReturnType<typeof affectedAnswer>;

/** A restatement as people and programs are given it, by the API and by the CLI. */
export interface RestatementAnswer extends ReturnType<typeof outline> {
  /** Absent in lists. */
  readonly affected?: AffectedAnswer;
  readonly retraining: {
    /** The command that trains again what serves and rests on it; null where nothing does. */
    readonly how: string | null;
    /** Tickers of which something serves that rests on it. */
    readonly tickers: readonly string[];
    /** The run that was started for that, if one was. */
    readonly run_id: string | null;
  };
  /** Why something about it could not be found out or done. */
  readonly problem?: string;
}

/** Puts a restatement, with what rests on it where that was looked for, into the form of the answer. */
export function restatementAnswer(restatement: Restatement, effects?: RestatementEffects): RestatementAnswer {
  const serving = effects?.serving ?? [];
  const isNeeded = effects === undefined || serving.length > 0;
  return {
    ...outline(restatement),
    ...(effects === undefined ? {} : { affected: affectedAnswer(effects) }),
    retraining: {
      how: isNeeded ? `npx stockcast restatements retrain ${restatement.id}` : null,
      tickers: [...new Set(serving.map(({ ticker }) => ticker))],
      run_id: restatement.retrainingRunId ?? null,
    },
  };
}

/** The newest restatements, of one ticker or of all. @throws StockcastError TICKER_UNKNOWN */
export async function listRestatements(
  services: Services,
  context: Context,
  asked: { readonly ticker?: string; readonly limit: number },
): Promise<{ readonly restatements: readonly RestatementAnswer[] }> {
  if (asked.ticker !== undefined) await knownTickers(services, context, [asked.ticker]);
  const found = await services.restatements.list(context, asked);
  return { restatements: found.map((restatement) => restatementAnswer(restatement)) };
}

/** One restatement with what rests on it now. @throws StockcastError RESTATEMENT_UNKNOWN */
export async function showRestatement(services: Services, context: Context, id: string): Promise<RestatementAnswer> {
  const restatement = await knownRestatement(services, context, id);
  return restatementAnswer(restatement, await restatementEffects(services, context, restatement));
}

/** @throws StockcastError RESTATEMENT_UNKNOWN */
export async function knownRestatement(services: Services, context: Context, id: string): Promise<Restatement> {
  const restatement = await services.restatements.find(context, id);
  if (restatement === undefined) throw new StockcastError('RESTATEMENT_UNKNOWN', { id });
  return restatement;
}

function outline({ id, ingestId, source, learntAt, tickers }: Restatement) {
  return {
    restatement_id: id,
    source,
    ingest_id: ingestId,
    learnt_at: learntAt,
    tickers: tickers.map((each) => ({
      ticker: each.ticker,
      sessions: each.sessions,
      runs: each.runs,
      max_change: each.maxChange,
      median_change: each.medianChange,
      columns: each.columns,
      cause: each.cause,
      adjustments: each.adjustments.map(({ exDate, kind, value, factor }) => ({
        ex_date: exDate,
        kind,
        value,
        factor,
      })),
      corrections: each.corrections,
      events: each.events,
      summary: inWords(each),
    })),
  };
}

function affectedAnswer({ datasets, models, forecasts, serving }: RestatementEffects) {
  return {
    datasets: datasets.map(({ ticker, id, asOf, firstSession, lastSession }) => ({
      ticker,
      dataset_id: id,
      as_of: asOf,
      first_session: firstSession,
      last_session: lastSession,
    })),
    models: models.map(({ ticker, horizon, kind, version, id, asOf }) => ({
      ...{ ticker, horizon, model: kind, version, model_id: id, as_of: asOf },
    })),
    forecasts: forecasts
      .slice(0, NAMED_FORECASTS)
      .map(({ id, ticker, horizon, modelId, originSession, targetSession }) => ({
        ...{ forecast_id: id, ticker, horizon, model_id: modelId, as_of: originSession, target_date: targetSession },
      })),
    n_forecasts: forecasts.length,
    serving: serving.map(({ ticker, horizon, kind, modelId }) => ({ ticker, horizon, model: kind, model_id: modelId })),
  };
}

/** A change of one ticker's history in a sentence. */
function inWords({
  ticker,
  sessions,
  runs,
  maxChange,
  medianChange,
  adjustments,
  corrections,
  events,
}: TickerRestatement) {
  const parts: string[] = [];
  if (sessions > 0) {
    const first = runs[0]!.from;
    const last = runs.at(-1)!.to;
    const when = first === last ? `session of ${first}` : `sessions from ${first} to ${last}`;
    const several = runs.length > 1 ? ` in ${runs.length} runs` : '';
    const size = `by up to ${percent(maxChange)} (median ${percent(medianChange)})`;
    const looks =
      adjustments.length === 0 ? '' : `, as if adjusted by ${adjustments.map(adjustmentInWords).join(', ')}`;
    const besides = adjustments.length > 0 && corrections > 0 ? `, ${corrections} corrected besides` : '';
    parts.push(`${sessions} ${when}${several} changed, prices ${size}${looks}${besides}`);
  }
  for (const { date, kind, before, after } of events) {
    parts.push(
      before === null
        ? `a ${kind} of ${after} on ${date} told late`
        : `the ${kind} on ${date} was ${before}, is ${after}`,
    );
  }
  return `${ticker}: ${parts.join('; ')}`;
}

function adjustmentInWords({ exDate, kind, value }: ImpliedAdjustment): string {
  return kind === 'split'
    ? `a ${splitInWords(value)} split on ${exDate}`
    : `a dividend of ${value.toFixed(4)} on ${exDate}`;
}

function splitInWords(value: number): string {
  for (const old of [1, 2, 3, 4]) {
    if (Math.abs(value * old - Math.round(value * old)) < 1e-9) return `${Math.round(value * old)}:${old}`;
  }
  return ratioInWords(value);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)}%`;
}
