import { expect, test } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { CacheVerdict } from './cache-aside.ts';
import { givenAnswer, writtenPrediction } from './prediction-answer.ts';

const at = (time: string): Context => ({ tenant: 'default', principal: 'tester', clock: fixedClock(time) });
const NOW = at('2013-03-04T16:00:00.000Z');
const forecast: Forecast = {
  ticker: 'AAPL',
  horizon: 1,
  modelId: 'm1',
  kind: 'naive',
  modelVersion: 1,
  originSession: '2013-03-01',
  targetSession: '2013-03-04',
  currentPrice: 430.47,
  logReturn: 0,
  intervals: [],
  confidence: 0.5,
  directionProbability: 0.5,
  notes: [],
  madeAt: '2013-03-01T22:00:00.000Z',
};
const quote = { price: 425, at: '2013-03-04T15:59:30.000Z', source: 'yahoo', stale: false, age_seconds: 30 };
const etag = (value: Forecast, verdict: CacheVerdict, ...rest: [typeof quote & { problem?: string }] | []) =>
  writtenPrediction(NOW, { value, verdict, ageMs: 5000 }, ...rest).etag;

test('answers with a quote that differ in a note or in the problem have other ETags', () => {
  const plain = etag(forecast, 'hit', quote);
  expect(etag({ ...forecast, notes: ['The newest sessions are missing'] }, 'hit', quote)).not.toBe(plain);
  expect(etag(forecast, 'hit', { ...quote, problem: 'yahoo is slow' })).not.toBe(plain);
  expect(etag(forecast, 'hit', { ...quote, price: 426 })).not.toBe(plain);
});

test('equal answers have equal ETags, however they were come by and however old they are', () => {
  expect(etag(forecast, 'miss', quote)).toBe(etag(forecast, 'hit', { ...quote, age_seconds: 31 }));
  expect(etag(forecast, 'miss')).toBe(etag({ ...forecast }, 'hit'));
  const stale = (ageMs: number) => writtenPrediction(NOW, { value: forecast, verdict: 'stale', ageMs });
  expect(stale(5000).etag).toBe(stale(65_000).etag);
  expect(stale(5000).etag).not.toBe(etag(forecast, 'hit'));
  expect(JSON.parse(stale(5000).body)).toMatchObject({ stale: true, age_seconds: 5 });
});

test('the answer changes when a later session has closed', () => {
  const given = { value: forecast, verdict: 'hit', ageMs: 0 } as const;
  expect(writtenPrediction(at('2013-03-04T22:00:00.000Z'), given).etag).not.toBe(etag(forecast, 'hit'));
});

test('what goes over the wire is the answer, whatever was written for the forecast before', () => {
  const champion = { id: 'e1', arm: 'champion' } as const;
  const noted = { ...quote, problem: 'yahoo said "timestamp":"(slot)" and "age_seconds":"(slot)" — nothing else' };
  const later = at('2013-03-04T16:00:01.500Z');
  const value = { ...forecast, notes: ['An "age_seconds":"(slot)" of a café'] };
  for (const verdict of ['hit', 'stale'] as const) {
    for (const context of [NOW, later]) {
      for (const each of [undefined, quote, { ...quote, age_seconds: 31_000 }, noted, { ...noted, stale: true }]) {
        for (const experiment of [undefined, champion, { id: 'e1', arm: 'challenger' } as const]) {
          const given = { value, verdict, ageMs: 5000 };
          const { body, bytes } = writtenPrediction(context, given, each, experiment);
          expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(givenAnswer(context, given, each, experiment))));
          expect(bytes).toBe(Buffer.byteLength(body));
        }
      }
    }
  }
});
