import { expect, test } from 'vitest';
import { forecastId, parseForecastId } from './forecast.ts';

test.each(['AAPL', 'BRK-B', '^GSPC', 'EURUSD=X', '7-1'])(
  'the id of a forecast of %s leads back to its place',
  (ticker) => {
    const forecast = { ticker, horizon: 10, originSession: '2013-03-01', modelId: `0123456789ab${'c'.repeat(52)}` };
    const id = forecastId(forecast);
    expect(id).toBe(`${ticker}-10-2013-03-01-0123456789ab`);
    const { modelId: _, ...place } = forecast;
    expect(parseForecastId(id)).toEqual({ ...place, modelPrefix: '0123456789ab' });
  },
);

test.each([
  '',
  'AAPL',
  'AAPL-10-2013-03-01',
  'aapl-10-2013-03-01-0123456789ab',
  'AAPL-0-2013-03-01-0123456789ab',
  'AAPL-64-2013-03-01-0123456789ab',
  'AAPL-10-2013-02-30-0123456789ab',
  'AAPL-10-2013-03-01-0123456789abc',
  'AAPL-10-2013-03-01-0123456789aX',
  '-10-2013-03-01-0123456789ab',
])('"%s" is no id of a forecast', (text) => {
  expect(parseForecastId(text)).toBeUndefined();
});
