import { describe, expect, it } from 'vitest';
import { addSessions } from '../../domain/calendar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { sampleBars, sampleEvents, sampleSeries } from '../../tests/sample-series.ts';
import { buildFeatures } from './build-features.ts';
import { labels } from './labels.ts';

describe('labels', () => {
  it('are log total returns to the session that many exchange sessions later', () => {
    const series = sampleSeries('MSFT');
    const features = buildFeatures(series);
    for (const horizon of [1, 10]) {
      const y = labels(features, horizon);
      for (const row of [0, 700, 2000]) {
        const from = series.dates.indexOf(features.dates[row]!);
        const to = series.dates.indexOf(addSessions(features.dates[row]!, horizon));
        expect(y[row]).toBe(Math.log(series.adjustedClose[to]! / series.adjustedClose[from]!));
      }
    }
  });

  it('include dividends and are unmoved by splits', () => {
    const features = buildFeatures(sampleSeries('AAPL'));
    const beforeSplit = features.dates.indexOf('2005-02-25');
    const byTicker = Object.fromEntries(sampleBars('AAPL').map(({ date, close }) => [date, close]));
    const plain = Math.log((byTicker['2005-02-28']! * 2) / byTicker['2005-02-25']!);
    expect(labels(features, 1)[beforeSplit]).toBeCloseTo(plain, 10);
    const dividend = sampleEvents('IBM').find(({ kind }) => kind === 'dividend')!;
    const ibm = Object.fromEntries(sampleBars('IBM').map(({ date, close }) => [date, close]));
    const origin = addSessions(dividend.date, -1);
    const total = Math.log((ibm[dividend.date]! + dividend.value) / ibm[origin]!);
    const ibmFeatures = buildFeatures(sampleSeries('IBM'));
    expect(labels(ibmFeatures, 1)[ibmFeatures.dates.indexOf(origin)]).toBeCloseTo(total, 10);
  });

  it('are absent where the target session is not known yet, or has no bar', () => {
    const bars = sampleBars('IBM').slice(0, 120);
    const missing = bars[80]!.date;
    const features = buildFeatures(adjust(seriesOf(bars.filter(({ date }) => date !== missing)), []));
    const y = labels(features, 10);
    const absent = features.dates.filter((_, row) => Number.isNaN(y[row]!));
    expect(absent).toEqual([addSessions(missing, -10), ...features.dates.slice(-10)]);
  });
});
