import type { Bar, CorporateEvent, SessionDate } from '../domain/bar.ts';
import { isSession, latestClosedSession, newYorkDate, sessionAt } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { barsOf } from '../domain/dataset.ts';
import { StockcastError } from '../domain/errors.ts';
import { sha256Hex } from '../domain/identity.ts';
import { inWords as problemInWords } from '../market/csv/problems.ts';
import type { OnBadRow, StagedPrices } from '../market/csv/stage-csv.ts';
import { jumpInWords, priceJumps } from '../market/sources/price-jumps.ts';
import { stageHistory } from '../market/sources/stage-history.ts';
import { type SplitSuspect, asSplitEvents, inWords as ratioInWords } from '../market/split-suspects.ts';
import { fileSuspects } from './file-suspects.ts';
import type { Services } from './services.ts';
import { type TakeInReport, mergeStaged } from './take-in-prices.ts';

/** Problems that a refusal tells in words. */
const SHOWN = 10;

/** What prices are taken in with. */
export type PriceParts = Pick<Services, 'bars' | 'prices' | 'alarm'>;

/** What is to be fetched. */
export interface RefreshRequest {
  readonly ticker: string;
  readonly source: string;
  /** First session to fetch; by default the newest known one, which may have been corrected since, or else all. */
  readonly from?: SessionDate;
  /** Last session to fetch; by default the newest that has closed. */
  readonly to?: SessionDate;
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
  services: PriceParts,
  context: Context,
  request: RefreshRequest,
): Promise<RefreshReport> {
  const { prices } = services;
  const { ticker, source, signal = new AbortController().signal } = request;
  const live = prices.sources.named(source);
  const newest = await newestSession(services, context, ticker);
  const closed = latestClosedSession(context.clock.now());
  const to = request.to !== undefined && request.to < closed ? request.to : closed;
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
  const taken = await prices.inTurn(() => mergeStaged(services, context, found, { id, source, adjustSplits }));
  return { ticker, source, last_session: (await newestSession(services, context, ticker)) ?? null, taken };
}

/**
 * As `refreshPrices`, for those who only want the newest closed sessions: shares a fetch that is under way, and asks
 * nobody, not even the database, for what was asked for within the last minute. Gives the newest session known then.
 */
export function keepFresh(
  services: PriceParts,
  context: Context,
  ticker: string,
  source: string,
): Promise<SessionDate | undefined> {
  const due = latestClosedSession(context.clock.now());
  return services.prices.once(`${context.tenant}/${ticker}/${source}`, due, async () => {
    const report = await refreshPrices(services, context, { ticker, source });
    return report.last_session ?? undefined;
  });
}

/**
 * Refuses rows that can't be, a history on another scale than what is known, splits that nobody told of, and jumps.
 * @throws StockcastError PRICES_REFUSED
 */
async function refuseUnlessSound(
  services: PriceParts,
  context: Context,
  { ticker, source, onBadRow, adjustSplits }: RefreshRequest,
  staged: StagedPrices,
  events: readonly CorporateEvent[],
  suspects: readonly SplitSuspect[],
): Promise<void> {
  const refuseFor = (problems: readonly string[], advice: string) => {
    if (problems.length === 0) return;
    const more = problems.length - SHOWN;
    const shown = more > 0 ? [...problems.slice(0, SHOWN), `and ${more} more`] : problems;
    throw new StockcastError('PRICES_REFUSED', { source, ticker, problems: shown.join('; '), advice });
  };
  if (onBadRow !== 'skip') {
    const skipping = `npx stockcast prices fetch ${ticker} --source ${source} --skip-bad-rows`;
    refuseFor(staged.rejected.map(problemInWords), `Take the good rows with ${skipping}, or upload a file`);
  }
  const bars: Bar[] = [];
  for await (const batch of staged.batches()) bars.push(...batch);
  const [first] = bars;
  if (first === undefined) return;

  const { maxJump } = services.prices.settings;
  const raise = `if they are right, raise STOCKCAST_PRICE_MAX_JUMP (${maxJump})`;
  const known = await closesUpTo(services, context, ticker, first.date);
  const same = known.filter(({ date }) => date === first.date);
  refuseFor(
    priceJumps([...same, first], [], maxJump).map(
      ({ before }) => `the close of ${first.date} is ${first.close}, but ${before.close} is known of it`,
    ),
    `Upload a file with the right prices; ${raise}`,
  );
  if (adjustSplits !== true) {
    refuseFor(
      suspects.map(({ date, ratio, reason }) => `${date} looks like a ${ratioInWords(ratio)} split: ${reason}`),
      'Upload the split as an event, or take it for one with npx stockcast prices fetch --adjust-splits',
    );
  }
  const before = known.filter(({ date }) => date < first.date).slice(-1);
  const told = adjustSplits === true ? [...events, ...asSplitEvents(suspects)] : events;
  refuseFor(
    priceJumps([...before, ...bars], await withKnownEvents(services, context, ticker, told), maxJump).map(jumpInWords),
    `Upload the missing split as an event, or a file with the right prices; ${raise}`,
  );
}

/** The last two closes known up to a session, ascending. */
async function closesUpTo(services: PriceParts, context: Context, ticker: string, asOf: SessionDate) {
  const knownAt = context.clock.now().toISOString();
  const series = await services.bars.series(context, ticker, { asOf, knownAt }, 2);
  return series === undefined ? [] : barsOf(series);
}

/** What is told, with those of the known events that it says nothing of. */
async function withKnownEvents(
  services: PriceParts,
  context: Context,
  ticker: string,
  told: readonly CorporateEvent[],
): Promise<CorporateEvent[]> {
  const now = context.clock.now();
  const known = await services.bars.events(context, ticker, { asOf: newYorkDate(now), knownAt: now.toISOString() });
  const isNew = ({ date, kind }: CorporateEvent) => !told.some((event) => event.date === date && event.kind === kind);
  return [...told, ...known.filter(isNew)];
}

function newestSession(services: PriceParts, context: Context, ticker: string): Promise<SessionDate | undefined> {
  const now = context.clock.now();
  return services.bars.newestSession(context, ticker, { asOf: newYorkDate(now), knownAt: now.toISOString() });
}
