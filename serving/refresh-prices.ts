import type { Bar, CorporateEvent, SessionDate } from '../domain/bar.ts';
import { isSession, latestClosedSession, newYorkDate, sessionAt } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/identity.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import { inWords as problemInWords } from '../market/csv/problems.ts';
import type { OnBadRow, StagedPrices } from '../market/csv/stage-csv.ts';
import { jumpInWords, priceJumps } from '../market/sources/price-jumps.ts';
import { stageHistory } from '../market/sources/stage-history.ts';
import { type SplitSuspect, inWords as ratioInWords } from '../market/split-suspects.ts';
import { fileSuspects } from './file-suspects.ts';
import type { Services } from './services.ts';
import { type TakeInReport, mergeStaged } from './take-in-prices.ts';

/** Problems that a refusal tells in words. */
const SHOWN = 10;

/** What is to be fetched. */
export interface RefreshRequest {
  readonly ticker: string;
  readonly source: string;
  /** First session to fetch; by default the newest known one, which may have been corrected since, or else all. */
  readonly from?: SessionDate;
  readonly onBadRow?: OnBadRow;
  /** Whether suspected splits are taken for splits instead of refusing the history. */
  readonly adjustSplits?: boolean;
  readonly signal?: AbortSignal;
}

/** What came of asking a source for a ticker's newest sessions. */
export interface RefreshReport {
  readonly ticker: string;
  readonly source: string;
  /** The newest session known now; null when there is none. */
  readonly last_session: SessionDate | null;
  /** What was taken in; null when all closed sessions were known already and nothing was asked for. */
  readonly taken: TakeInReport | null;
}

/**
 * Fetches what a source knows since the newest known session, checks it and takes it in as an upload is: new sessions
 * are appended, changed ones kept as restatements. A session that has not closed yet is no bar.
 * @throws StockcastError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, DATE_INVALID
 * @throws StockcastError PRICES_REFUSED when what it says cannot stand; nothing is stored then
 */
export async function refreshPrices(
  services: Services,
  context: Context,
  request: RefreshRequest,
): Promise<RefreshReport> {
  const { ticker, source, signal = new AbortController().signal } = request;
  const live = services.prices.sources.named(source);
  const newest = await newestSession(services, context, ticker);
  const to = latestClosedSession(context.clock.now());
  if (live === undefined || (request.from === undefined && newest !== undefined && newest >= to)) {
    return { ticker, source, last_session: newest ?? null, taken: null };
  }
  const from = request.from ?? newest ?? sessionAt(0);
  if (from > to) throw new StockcastError('DATE_INVALID', { date: from, expected: `a date not after ${to}` });
  const fetched = await live.history(ticker, from, to, signal);
  const held = (await services.bars.tickers(context)).find((summary) => summary.ticker === ticker);
  const now = context.clock.now();
  const staged = stageHistory(fetched, { ticker, sector: held?.sector ?? 'Unknown', source, now, to });
  const events = fetched.events.filter(({ date }) => isSession(date) && date >= from && date <= newYorkDate(now));
  const suspects = staged.acceptedRows === 0 ? [] : await fileSuspects(services, context, staged, events);
  await refuseUnlessSound(services, context, request, staged, events, suspects);
  if (staged.acceptedRows === 0 && newest === undefined) {
    throw new StockcastError('SOURCE_TICKER_UNKNOWN', { ticker, source, problem: `no session from ${from} to ${to}` });
  }
  signal.throwIfAborted();
  const found = { staged, events, notices: staged.notices, suspects };
  const id = sha256Hex(JSON.stringify([source, ticker, fetched.bars, fetched.events]));
  const adjustSplits = request.adjustSplits ?? false;
  const taken = await mergeStaged(services, context, found, { id, source, adjustSplits });
  return { ticker, source, last_session: (await newestSession(services, context, ticker)) ?? null, taken };
}

/**
 * As `refreshPrices`, for those who only want the newest closed sessions: shares a fetch that is under way, and asks for
 * nothing when all are known.
 */
export async function keepFresh(services: Services, context: Context, ticker: string, source: string): Promise<void> {
  if (source === CSV_SOURCE) return;
  services.prices.sources.named(source);
  const due = latestClosedSession(context.clock.now());
  const newest = await newestSession(services, context, ticker);
  if (newest !== undefined && newest >= due) return;
  const fetch = () => refreshPrices(services, context, { ticker, source });
  await services.prices.once(`${context.tenant}/${ticker}/${source}`, due, fetch);
}

/** @throws StockcastError PRICES_REFUSED */
async function refuseUnlessSound(
  services: Services,
  context: Context,
  { ticker, source, onBadRow, adjustSplits }: RefreshRequest,
  staged: StagedPrices,
  events: readonly CorporateEvent[],
  suspects: readonly SplitSuspect[],
): Promise<void> {
  const refuse = (problems: readonly string[], advice: string) => {
    const more = problems.length - SHOWN;
    const shown = more > 0 ? [...problems.slice(0, SHOWN), `and ${more} more`] : problems;
    return new StockcastError('PRICES_REFUSED', { source, ticker, problems: shown.join('; '), advice });
  };
  if (staged.nRejected > 0 && onBadRow !== 'skip') {
    throw refuse(
      staged.rejected.map(problemInWords),
      `Take the good rows with npx stockcast prices fetch ${ticker} --source ${source} --skip-bad-rows, or upload a file`,
    );
  }
  if (adjustSplits !== true && suspects.length > 0) {
    throw refuse(
      suspects.map(({ date, ratio, reason }) => `${date} looks like a ${ratioInWords(ratio)} split: ${reason}`),
      'Upload the split as an event, or take it for one with --adjust-splits',
    );
  }
  const bars: Bar[] = [];
  for await (const batch of staged.batches()) bars.push(...batch);
  const { maxJump } = services.prices.settings;
  const jumps = await jumpsOf(
    services,
    context,
    ticker,
    bars,
    adjustSplits === true ? asEvents(suspects, events) : events,
  );
  if (jumps.length > 0) {
    throw refuse(
      jumps,
      `Upload the missing split as an event, or a file with the right prices; if they are right, raise STOCKCAST_PRICE_MAX_JUMP (${maxJump})`,
    );
  }
}

/** Jumps within fetched bars, from the bar known before them, and from what was known of the first one, in words. */
async function jumpsOf(
  services: Services,
  context: Context,
  ticker: string,
  bars: readonly Bar[],
  given: readonly CorporateEvent[],
): Promise<string[]> {
  const [first] = bars;
  if (first === undefined) return [];
  const { maxJump } = services.prices.settings;
  const knownAt = context.clock.now().toISOString();
  const [known, knownEvents] = await Promise.all([
    services.bars.series(context, ticker, { asOf: first.date, knownAt }, 2),
    services.bars.events(context, ticker, { asOf: newYorkDate(context.clock.now()), knownAt }),
  ]);
  const before = (known?.dates ?? []).map((date, i) => ({ date, close: known!.close[i]! }));
  const same = before.find(({ date }) => date === first.date);
  const isNew = ({ date, kind }: CorporateEvent) => !given.some((event) => event.date === date && event.kind === kind);
  const events = [...given, ...knownEvents.filter(isNew)];
  const earlier = before.filter(({ date }) => date < first.date).slice(-1);
  const scaled = same === undefined ? [] : priceJumps([same, first], [], maxJump);
  return [
    ...scaled.map(
      ({ factor }) =>
        `the close of ${first.date} is ${first.close}, and ${same!.close} is known of it, ${Number((1 / factor).toPrecision(3))} times as much`,
    ),
    ...priceJumps([...earlier, ...bars], events, maxJump).map(jumpInWords),
  ];
}

function asEvents(suspects: readonly SplitSuspect[], events: readonly CorporateEvent[]): CorporateEvent[] {
  const splits = suspects.map(({ ticker, date, ratio }) => ({ ticker, date, kind: 'split' as const, value: ratio }));
  return [...events, ...splits];
}

function newestSession(services: Services, context: Context, ticker: string): Promise<SessionDate | undefined> {
  const now = context.clock.now();
  return services.bars.newestSession(context, ticker, { asOf: newYorkDate(now), knownAt: now.toISOString() });
}
