import { expect, test } from 'vitest';
import { type DriftFindings, judgeDrift } from './judge-drift.ts';

const untold = { untold: 'not enough matured forecasts: 3 of 20' };
const comparison = (p: number) => ({ nReference: 504, nWindow: 25, columns: [], p });
const stretch = { first: '2012-01-03', last: '2012-12-31' };
const features = (p: number) => ({ ...comparison(p), training: stretch, window: stretch });
const none: DriftFindings = { features: untold, residuals: untold, coverage80: untold, coverage95: untold };

test('without anything to be said there is no alarm', () => {
  expect(judgeDrift(none)).toMatchObject({ alarms: [] });
});

test('the checks of which something can be said share the level', () => {
  expect(judgeDrift({ ...none, features: features(0.04) })).toEqual({ level: 0.05, alarms: ['features'] });
  const both = { ...none, features: features(0.04), residuals: comparison(0.025) };
  expect(judgeDrift(both)).toEqual({ level: 0.025, alarms: ['residuals'] });
});
