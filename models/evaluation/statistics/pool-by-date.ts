/** Losses of one ticker, by the exchange's count of the sessions forecast from, ascending. */
export interface DatedLosses {
  readonly ordinals: Int32Array;
  readonly losses: Float64Array;
}

/**
 * Losses of several tickers as one series: on each date the mean over the tickers that have one, since what happens on
 * one day to many tickers is not so many independent facts. Ascending by date.
 */
export function poolByDate(tickers: readonly DatedLosses[]): DatedLosses {
  const days = new Map<number, { sum: number; n: number }>();
  for (const { ordinals, losses } of tickers) {
    ordinals.forEach((ordinal, t) => {
      const day = days.get(ordinal) ?? { sum: 0, n: 0 };
      days.set(ordinal, { sum: day.sum + losses[t]!, n: day.n + 1 });
    });
  }
  const ordinals = Int32Array.from(days.keys()).sort();
  return { ordinals, losses: Float64Array.from(ordinals, (ordinal) => days.get(ordinal)!.sum / days.get(ordinal)!.n) };
}
