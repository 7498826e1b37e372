import type { SessionDate } from '../domain/bar.ts';
import { isIsoDate, newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { isOfExperiment } from '../domain/experiment.ts';
import { type Promotion, promotionId } from '../domain/model-version.ts';
import { knownTickers } from './histories.ts';
import type { Services } from './services.ts';

/** Which part of the ledger is asked for. */
export interface ModelHistoryRequest {
  readonly ticker: string;
  readonly horizon?: Horizon;
  /** A day in New York; default: all days. */
  readonly on?: SessionDate;
}

/** An entry of the ledger, as the API and the CLI give it. */
export interface LedgerEntryAnswer {
  /** Names the entry, for `lineage`. */
  readonly promotion_id: string;
  readonly horizon: number;
  readonly model: string;
  readonly model_id: string;
  readonly as_of: string;
  readonly at: string;
  /** False when an as-of date was asked for: such a choice never serves. */
  readonly live: boolean;
  readonly rollback: boolean;
  /** Since when and until when it served; null when the entry moved nothing, `until` null while it serves. */
  readonly served: { readonly since: string; readonly until: string | null } | null;
  readonly from_model_id: string | null;
  readonly certificate_id: string | null;
  readonly principal: string;
  /** The run that chose it; null for a rollback and for an experiment. */
  readonly run_id: string | null;
  readonly reasons: readonly string[];
}

/** What served when, as the API and the CLI give it. */
export interface ModelHistoryAnswer {
  readonly ticker: string;
  readonly on: string | null;
  /** Newest first; with `on`, those by which something served at some time of that day. */
  readonly entries: readonly LedgerEntryAnswer[];
  /** With `on`: what was in production as of that date for each horizon, runs as of a date included; else empty. */
  readonly as_of: readonly LedgerEntryAnswer[];
}

/**
 * What served a ticker, when, why and on whose behalf, from the ledger.
 * @throws StockcastError TICKER_UNKNOWN, DATE_INVALID when `on` is no date or lies in the future
 */
export async function modelHistory(
  services: Services,
  context: Context,
  { ticker, horizon, on }: ModelHistoryRequest,
): Promise<ModelHistoryAnswer> {
  const today = newYorkDate(context.clock.now());
  if (on !== undefined && (!isIsoDate(on) || on > today)) {
    throw new StockcastError('DATE_INVALID', { date: on, expected: `YYYY-MM-DD, not after ${today}` });
  }
  await knownTickers(services, context, [ticker]);
  const all = (await services.ledger.history(context, ticker)).filter(
    (entry) => horizon === undefined || entry.horizon === horizon,
  );
  const answers = all.map((entry) => answerOf(entry, servedUntil(entry, all)));
  if (on === undefined) return { ticker, on: null, entries: answers, as_of: [] };
  const servedThen = ({ served }: LedgerEntryAnswer) =>
    served !== null && dayOf(served.since) <= on && (served.until === null || dayOf(served.until) >= on);
  const horizons = [...new Set(all.map((entry) => entry.horizon))].sort((a, b) => a - b);
  const asOf = await Promise.all(horizons.map((each) => services.ledger.production(context, ticker, each, on)));
  return {
    ticker,
    on,
    entries: answers.filter(servedThen),
    as_of: asOf.flatMap((entry) => (entry === undefined ? [] : [answerOf(entry, servedUntil(entry, all))])),
  };
}

/** When the next entry moved the alias on; undefined while this one serves. */
function servedUntil({ horizon, executionId }: Promotion, newestFirst: readonly Promotion[]): string | undefined {
  const line = newestFirst.filter((entry) => entry.horizon === horizon);
  const place = line.findIndex((entry) => entry.executionId === executionId);
  return line.slice(0, place).findLast(({ movedLive }) => movedLive)?.at;
}

function answerOf(entry: Promotion, until: string | undefined): LedgerEntryAnswer {
  const isRollback = entry.isRollback === true;
  return {
    promotion_id: promotionId(entry),
    horizon: entry.horizon,
    model: entry.kind,
    model_id: entry.modelId,
    as_of: entry.asOf,
    at: entry.at,
    live: entry.live,
    rollback: isRollback,
    served: entry.movedLive ? { since: entry.at, until: until ?? null } : null,
    from_model_id: entry.previousModelId ?? null,
    certificate_id: entry.certificateId ?? null,
    principal: entry.principal,
    run_id: isRollback || isOfExperiment(entry) ? null : entry.runId,
    reasons: entry.reasons,
  };
}

function dayOf(instant: string): SessionDate {
  return newYorkDate(new Date(instant));
}
