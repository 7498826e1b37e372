import type { SessionDate, Vantage } from '../domain/bar.ts';
import { endOfDay, isIsoDate, newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';

/**
 * From where a request looks: without `asOf`, everything known now; with it, what was known at the end of that day in
 * New York, later restatements and events left out.
 * @throws StockcastError DATE_INVALID when `asOf` is no date or lies in the future
 */
export function vantageOf(context: Context, asOf?: SessionDate): Vantage {
  const now = context.clock.now();
  const today = newYorkDate(now);
  if (asOf === undefined) return { asOf: today, knownAt: now.toISOString() };
  if (!isIsoDate(asOf) || asOf > today) {
    throw new StockcastError('DATE_INVALID', { date: asOf, expected: `YYYY-MM-DD, not after ${today}` });
  }
  return { asOf, knownAt: asOf === today ? now.toISOString() : endOfDay(asOf) };
}

/** As `vantageOf`, for a run that is due: `at` is an as-of date, or the instant that it was due. */
export function vantageWhenDue(context: Context, at: string): Vantage {
  const due = at.includes('T') ? new Date(at) : undefined;
  return vantageOf(context, due === undefined || Number.isNaN(due.getTime()) ? at : newYorkDate(due));
}
