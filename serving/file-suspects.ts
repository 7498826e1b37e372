import type { Bar, CorporateEvent, Instant, SessionDate } from '../domain/bar.ts';
import { sessionAt, sessionOrdinal } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { barsOf, seriesOf } from '../domain/dataset.ts';
import type { StagedPrices } from '../market/csv/stage-csv.ts';
import { type SplitSuspect, suspectedSplits } from '../market/split-suspects.ts';
import type { Services } from './services.ts';

/** Sessions before a file's first one from which known bars are put before it: what is usual for a ticker, and some. */
const SESSIONS_BEFORE = 25;

/**
 * The suspected splits of a staged file: within it, and between the newest bars known before it and its first one.
 * Splits that came with an earlier file explain a jump as well as those `given` with this one.
 */
export async function fileSuspects(
  services: Pick<Services, 'bars'>,
  context: Context,
  staged: StagedPrices,
  given: readonly CorporateEvent[],
): Promise<SplitSuspect[]> {
  const knownAt = context.clock.now().toISOString();
  const medianAtSeam = medianFromKnown(services, context, staged, knownAt);
  const suspects: SplitSuspect[] = [];
  for (const { ticker, firstSession, lastSession } of staged.tickers) {
    const events = [
      ...(await services.bars.events(context, ticker, { asOf: lastSession, knownAt })),
      ...given.filter((event) => event.ticker === ticker),
    ];
    const before = await barsBefore(services, context, ticker, firstSession, knownAt);
    const inFile = await staged.series(ticker);
    const series = before.length === 0 ? inFile : seriesOf([...before, ...barsOf(inFile)]);
    const found = await suspectedSplits(
      series,
      events,
      async (date) => (await staged.medianOvernightReturn(date, ticker)) ?? medianAtSeam(date, ticker),
    );
    suspects.push(...found.filter(({ date }) => date >= firstSession));
  }
  return suspects;
}

/** The bars known of the sessions right before one. */
async function barsBefore(
  services: Pick<Services, 'bars'>,
  context: Context,
  ticker: string,
  firstSession: SessionDate,
  knownAt: Instant,
): Promise<Bar[]> {
  const ordinal = sessionOrdinal(firstSession);
  if (ordinal === 0) return [];
  const vantage = { asOf: sessionAt(ordinal - 1), knownAt };
  const newest = await services.bars.series(context, ticker, vantage, SESSIONS_BEFORE);
  const from = sessionAt(Math.max(0, ordinal - SESSIONS_BEFORE));
  return newest === undefined ? [] : barsOf(newest).filter(({ date }) => date >= from);
}

// The file alone does not tell what the others did on the night before its first session: what is known before it does.
// Few nights are asked about, so each is looked at when it is.
function medianFromKnown(services: Pick<Services, 'bars'>, context: Context, staged: StagedPrices, knownAt: Instant) {
  return async (date: SessionDate, exceptTicker: string): Promise<number | undefined> => {
    const returns: number[] = [];
    for (const { ticker, firstSession } of staged.tickers) {
      if (ticker === exceptTicker || firstSession !== date) continue;
      const last = (await barsBefore(services, context, ticker, firstSession, knownAt)).at(-1);
      if (last === undefined) continue;
      const { open } = await staged.series(ticker);
      returns.push(open[0]! / last.close - 1);
    }
    if (returns.length === 0) return undefined;
    returns.sort((a, b) => a - b);
    const middle = returns.length >> 1;
    return returns.length % 2 === 1 ? returns[middle] : (returns[middle - 1]! + returns[middle]!) / 2;
  };
}
