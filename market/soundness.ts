import type { CorporateEvent, PriceSeries, SessionDate } from '../domain/bar.ts';
import { sessionOrdinal } from '../domain/calendar.ts';
import type { DatasetSource } from '../domain/dataset.ts';
import { jumpInWords, priceJumps } from './sources/price-jumps.ts';
import { inWords as ratioInWords, suspectedSplits } from './split-suspects.ts';

/** Sessions missing in a row: two weeks. The exchange itself was never closed for as long. */
const MOST_MISSING = 10;
/** Share of a file's rows that may have been turned away. */
const MOST_REJECTED = 0.05;
const SHOWN = 5;

/**
 * What makes a history unfit to learn from, in words; empty when nothing does: jumps that no split explains, splits that
 * nobody told of, long gaps, and a newest file of which too many rows were rejected.
 * @param newest the merge that brought the newest rows
 * @param maxJump largest factor between two closes that is believed
 */
export async function unsoundness(
  series: PriceSeries,
  events: readonly CorporateEvent[],
  newest: DatasetSource | undefined,
  maxJump: number,
): Promise<string[]> {
  const { dates, close } = series;
  const bars = dates.map((date, t) => ({ date, close: close[t]! }));
  const jumps = priceJumps(bars, events, maxJump);
  const suspects = (await suspectedSplits(series, events, async () => undefined)).filter(
    ({ date }) => !jumps.some(({ after }) => after.date === date),
  );
  const problems = [
    ...jumps.map(jumpInWords),
    ...suspects.map(({ date, ratio, reason }) => `${date} looks like a ${ratioInWords(ratio)} split: ${reason}`),
    ...longGaps(dates),
    ...rejections(newest),
  ];
  const more = problems.length - SHOWN;
  return more > 0 ? [...problems.slice(0, SHOWN), `and ${more} more`] : problems;
}

function longGaps(dates: readonly SessionDate[]): string[] {
  return dates.slice(1).flatMap((date, i) => {
    const before = dates[i]!;
    const missing = sessionOrdinal(date) - sessionOrdinal(before) - 1;
    return missing > MOST_MISSING ? [`${missing} sessions in a row are missing between ${before} and ${date}`] : [];
  });
}

function rejections(newest: DatasetSource | undefined): string[] {
  if (newest === undefined) return [];
  const { source, acceptedRows, rejectedRows } = newest;
  const rows = acceptedRows + rejectedRows;
  return rejectedRows > MOST_REJECTED * rows ? [`${rejectedRows} of the ${rows} rows of ${source} were rejected`] : [];
}
