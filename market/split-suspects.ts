import type { CorporateEvent, PriceSeries, SessionDate } from '../domain/bar.ts';

/** A jump that looks like a split which nobody told of. */
export interface SplitSuspect {
  readonly ticker: string;
  readonly date: SessionDate;
  /** New shares per old one; below 1 for a reverse split. */
  readonly ratio: number;
  readonly closeBefore: number;
  readonly openAfter: number;
  readonly reason: string;
}

const WHOLE_RATIOS = [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50];
const RATIOS = [1.5, ...WHOLE_RATIOS].flatMap((ratio) => [ratio, 1 / ratio]);
/** Sessions before the jump that tell what is usual for the ticker. */
const WINDOW = 20;
/** How far the jump may lie from a ratio, in logs: the overnight move that the split day has of its own. */
const TOLERANCE = 0.06;
/** A crash trades many times the usual shares; a split multiplies them by its ratio and little more. */
const CRASH_VOLUME = 4;
/** A crash swings; a split day does not. */
const CRASH_RANGE = 4;
/** The others have moved along when their median goes this share of the jump's way. */
const MARKET_SHARE = 1 / 3;

/**
 * Finds jumps from close to next open near a small ratio, with ordinary volume (counted in old shares) and range, that
 * the other tickers do not share and no known split explains. Looks at each session and those before it.
 * @param marketReturn the other tickers' median simple return from close to open that day; undefined when unknown
 */
export async function suspectedSplits(
  series: PriceSeries,
  events: readonly CorporateEvent[],
  marketReturn: (date: SessionDate) => Promise<number | undefined>,
): Promise<SplitSuspect[]> {
  const { ticker, dates, open, close } = series;
  const splits = events.filter(({ kind }) => kind === 'split');
  const suspects: SplitSuspect[] = [];
  for (let t = 1; t < dates.length; t++) {
    const jump = Math.log(close[t - 1]! / open[t]!);
    const ratio = RATIOS.find((candidate) => Math.abs(jump - Math.log(candidate)) < TOLERANCE);
    if (ratio === undefined || looksLikeCrash(series, t, ratio)) continue;
    if (splits.some(({ date }) => date > dates[t - 1]! && date <= dates[t]!)) continue;
    const market = await marketReturn(dates[t]!);
    if (market !== undefined && -Math.log(1 + market) / jump > MARKET_SHARE) continue;
    suspects.push({
      ticker,
      date: dates[t]!,
      ratio,
      closeBefore: close[t - 1]!,
      openAfter: open[t]!,
      reason: `opens at ${open[t]} after a close of ${close[t - 1]}, near ${inWords(ratio)}, with ordinary volume and range`,
    });
  }
  return suspects;
}

/** The splits that the suspects would be. */
export function asSplitEvents(suspects: readonly SplitSuspect[]): CorporateEvent[] {
  return suspects.map(({ ticker, date, ratio }) => ({ ticker, date, kind: 'split', value: ratio }));
}

/** A split ratio as people say it: 2:1, 3:2, 1:10. */
export function inWords(ratio: number): string {
  if (ratio < 1)
    return inWords(1 / ratio)
      .split(':')
      .reverse()
      .join(':');
  return Number.isInteger(ratio) ? `${ratio}:1` : `${Math.round(ratio * 2)}:2`;
}

function looksLikeCrash({ high, low, volume }: PriceSeries, t: number, ratio: number): boolean {
  const from = Math.max(0, t - WINDOW);
  const usualVolume = median(volume.slice(from, t));
  const usualRange = median(
    Float64Array.from({ length: t - from }, (_, i) => Math.log(high[from + i]! / low[from + i]!)),
  );
  const crashVolume = usualVolume > 0 && volume[t]! / Math.max(ratio, 1) / usualVolume > CRASH_VOLUME;
  const crashRange = usualRange > 0 && Math.log(high[t]! / low[t]!) / usualRange > CRASH_RANGE;
  return crashVolume || crashRange;
}

function median(values: Float64Array): number {
  const sorted = values.sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
