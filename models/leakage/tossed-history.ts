import type { AdjustedSeries, PriceSeries } from '../../domain/bar.ts';
import type { Random } from '../random.ts';

/**
 * The same history in a world without direction: a fair coin decides for each session whether its log return, and the
 * session's course with it, keeps its sign or is mirrored. Sizes of moves, volumes and dates stay, and with them calm and
 * turbulent times; but whatever one knows up to a session, returns after it are as likely to be opposite. Prices are
 * total-return prices, so the result needs no events.
 */
export function tossDirections(series: AdjustedSeries, random: Random): PriceSeries {
  const { ticker, sector, dates, adjustedClose, adjustedVolume } = series;
  const nBars = dates.length;
  const [open, high, low] = [new Float64Array(nBars), new Float64Array(nBars), new Float64Array(nBars)];
  const close = new Float64Array(nBars);
  for (let t = 0; t < nBars; t++) {
    const mirrored = random.next() < 0.5;
    const move = (from: number, to: number) => (mirrored ? from / to : to / from);
    const traded = series.close[t]!;
    close[t] = t === 0 ? adjustedClose[0]! : close[t - 1]! * move(adjustedClose[t - 1]!, adjustedClose[t]!);
    open[t] = close[t]! * move(traded, series.open[t]!);
    high[t] = close[t]! * move(traded, (mirrored ? series.low : series.high)[t]!);
    low[t] = close[t]! * move(traded, (mirrored ? series.high : series.low)[t]!);
  }
  return { ticker, sector, dates, open, high, low, close, volume: adjustedVolume.slice() };
}
