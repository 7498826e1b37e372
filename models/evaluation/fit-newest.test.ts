import { describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { type RecordedFit, recordingKind } from '../../tests/recording-kind.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { buildFeatures } from '../features/build-features.ts';
import { linear } from '../linear/ridge.ts';
import { fitNewest } from './fit-newest.ts';

const options = { window: 'all', seed: 1, parameters: linear.defaults, scaleTargets: false } as const;
const featuresOf = (bars: readonly Bar[]) => buildFeatures(adjust(seriesOf(bars), []));

describe('a model for keeps', () => {
  it('learns from the newest sessions of the window whose outcome is known', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: RecordedFit[] = [];
    const kind = recordingKind(fits);
    const { nTrainingRows } = fitNewest(kind, [featuresOf(bars)], 10, { ...options, window: 252, parameters: {} });
    const { adjustedClose } = adjust(seriesOf(bars), []);
    expect(nTrainingRows).toBe(252);
    expect(fits[0]!.y).toHaveLength(252);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[499]! / adjustedClose[489]!));
    expect(fitNewest(kind, [featuresOf(bars)], 10, { ...options, parameters: {} }).nTrainingRows).toBe(460);
  });

  it('learns from all tickers on the newest sessions that any of them has', () => {
    const bars = sampleBars('IBM').slice(0, 300);
    const halted = sampleBars('AAPL').slice(0, 250);
    const fits: RecordedFit[] = [];
    const panel = [featuresOf(bars), featuresOf(halted)];
    const given = { ...options, window: 60, parameters: {} };
    // Of the last 60 sessions with labels, one ticker has all, the other those before its last one.
    expect(fitNewest(recordingKind(fits), panel, 1, given).nTrainingRows).toBe(60 + 10);
    expect(fits[0]!.options.overlap).toBe(2);
    // Also where the first one came late: all but three of its sessions with labels, and the last of the other.
    const young = featuresOf(bars.slice(207));
    expect(fitNewest(recordingKind([]), [young, featuresOf(halted)], 1, given).nTrainingRows).toBe(60 + 10);
  });

  it('leaves out sessions without a whole sequence before them', () => {
    const bars = sampleBars('IBM').slice(0, 100);
    const looking = { ...recordingKind([]), lookback: () => 15 };
    // 69 sessions with labels and volatility; the first of them has 10 rows before it, so four have too few.
    expect(fitNewest(looking, [featuresOf(bars)], 1, { ...options, parameters: {} }).nTrainingRows).toBe(69 - 4);
    const given = { ...options, parameters: {}, window: 20 };
    expect(fitNewest(looking, [featuresOf(bars)], 1, given).nTrainingRows).toBe(20);
  });

  it('asks for more sessions below ten labels', () => {
    const features = (sessions: number) => featuresOf(sampleBars('MSFT').slice(0, sessions));
    expect(fitNewest(linear, [features(75)], 35, options).nTrainingRows).toBe(10);
    expect(() => fitNewest(linear, [features(74)], 35, options)).toThrow(
      'MSFT has 74 sessions, at least 110 are needed',
    );
    expect(() => fitNewest(linear, [features(12)], 1, options)).toThrow('at most 20 sessions, at least 60 are needed');
  });
});
