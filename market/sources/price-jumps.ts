import type { Bar, CorporateEvent, SessionDate } from '../../domain/bar.ts';

/** Two closes that lie further apart than any day is believed to bring. */
export interface PriceJump {
  readonly before: { readonly date: SessionDate; readonly close: number };
  readonly after: { readonly date: SessionDate; readonly close: number };
  /** (close x split + dividend) / previous close. */
  readonly factor: number;
}

/**
 * The jumps from one close to the next, up or down, by more than a factor that no split or dividend in between explains.
 * @param bars of one ticker, ascending by date
 */
export function priceJumps(
  bars: readonly Pick<Bar, 'date' | 'close'>[],
  events: readonly CorporateEvent[],
  maxFactor: number,
): PriceJump[] {
  return bars.slice(1).flatMap((after, i) => {
    const before = bars[i]!;
    const between = events.filter(({ date }) => date > before.date && date <= after.date);
    const split = between.reduce((product, { kind, value }) => (kind === 'split' ? product * value : product), 1);
    const dividend = between.reduce((sum, { kind, value }) => (kind === 'dividend' ? sum + value : sum), 0);
    const factor = (after.close * split + dividend) / before.close;
    return factor > maxFactor || factor < 1 / maxFactor ? [{ before, after, factor }] : [];
  });
}

/** A jump as a sentence. */
export function jumpInWords({ before, after, factor }: PriceJump): string {
  return `the close of ${after.date} is ${after.close} after ${before.close} on ${before.date}, ${Number(factor.toPrecision(3))} times as much, and no split explains it`;
}
