import type { CorporateEvent, PriceSeries, SessionDate } from '../domain/bar.ts';
import { sessionsBetween } from '../domain/calendar.ts';

const SHOWN = 5;
/** Closes that stay the same for this many sessions in a row are worth a word. */
const FLAT_RUN = 5;

/**
 * What is odd but ordinary about a history, in words: missing sessions, sessions without trades, prices that do not
 * move, events on days without a bar. Nothing is changed and nothing is filled in.
 */
export function inspect(series: PriceSeries, events: readonly CorporateEvent[]): string[] {
  const { dates, close, volume } = series;
  if (dates.length === 0) return [];
  const known = new Set(dates);
  const missing = sessionsBetween(dates[0]!, dates.at(-1)!).filter((date) => !known.has(date));
  const withoutTrades = dates.filter((_, t) => volume[t] === 0);
  const offSession = events
    .map(({ date }) => date)
    .filter((date) => date > dates[0]! && date <= dates.at(-1)! && !known.has(date));
  return [
    ...notice(missing, 'missing inside the history; nothing was filled in'),
    ...notice(withoutTrades, 'without any trade (volume 0)'),
    ...flatRuns(dates, close),
    ...(offSession.length === 0
      ? []
      : [`${list(offSession)}: events on days without a bar; they count from the next bar`]),
  ];
}

function notice(dates: readonly SessionDate[], what: string): string[] {
  if (dates.length === 0) return [];
  return [`${dates.length} ${dates.length === 1 ? 'session' : 'sessions'} ${what}: ${list(dates)}`];
}

function flatRuns(dates: readonly SessionDate[], close: Float64Array): string[] {
  const runs: string[] = [];
  let start = 0;
  for (let t = 1; t <= dates.length; t++) {
    if (t < dates.length && close[t] === close[start]) continue;
    if (t - start >= FLAT_RUN) runs.push(`${dates[start]} to ${dates[t - 1]}`);
    start = t;
  }
  return runs.length === 0 ? [] : [`the close does not move for ${FLAT_RUN} sessions or more: ${list(runs)}`];
}

function list(items: readonly string[]): string {
  const more = items.length - SHOWN;
  return more > 0 ? `${items.slice(0, SHOWN).join(', ')} and ${more} more` : items.join(', ');
}
