import type { AdjustedSeries, CorporateEvent, PriceSeries } from '../domain/bar.ts';

/**
 * Takes splits and dividends into account by growing a total-return price forward from the first close: each session it
 * is multiplied by (close x split + dividend) / previous close, where split and dividend are those with an ex-date after
 * the previous bar and up to this one. The value at t uses bars and events up to t, so no later event can change it.
 * Source: Center for Research in Security Prices, "holding period total return".
 */
export function adjust(series: PriceSeries, events: readonly CorporateEvent[]): AdjustedSeries {
  const { dates, close, volume } = series;
  const pending = [...events].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const adjustedClose = new Float64Array(dates.length);
  const adjustedVolume = new Float64Array(dates.length);
  let sharesPerFirst = 1;
  let next = 0;
  for (let t = 0; t < dates.length; t++) {
    let split = 1;
    let dividend = 0;
    for (; next < pending.length && pending[next]!.date <= dates[t]!; next++) {
      const { kind, value } = pending[next]!;
      if (kind === 'split') split *= value;
      else dividend += value;
    }
    if (t === 0) {
      adjustedClose[0] = close[0]!;
      adjustedVolume[0] = volume[0]!;
      continue;
    }
    sharesPerFirst *= split;
    adjustedClose[t] = adjustedClose[t - 1]! * ((close[t]! * split + dividend) / close[t - 1]!);
    adjustedVolume[t] = volume[t]! / sharesPerFirst;
  }
  return { ...series, adjustedClose, adjustedVolume };
}
