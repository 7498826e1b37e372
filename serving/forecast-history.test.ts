import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSessions } from '../domain/calendar.ts';
import type { Forecast } from '../domain/forecast.ts';
import { startApi, type RunningApi } from '../tests/support/running-api.ts';
import { ask } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { withFile } from '../tests/support/test-universe.ts';
import { forecastHistory } from './forecast-history.ts';
import { scoreBatch } from './scoring.ts';
import { vantageOf } from './vantages.ts';
import { takeInPrices } from './take-in-prices.ts';

const FIRST = '2013-02-04';
const session = (n: number) => addSessions(FIRST, n);
// Up by 10% a session; a split of 2 for 1 on session 3, so that the price as traded halves there.
const close = (n: number) => (100 * 1.1 ** n) / (n >= 3 ? 2 : 1);

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  const { services, context } = pipeline;
  const rows = Array.from({ length: 6 }, (_, n) => `AAA,T,${session(n)},${`${close(n)},`.repeat(4)}100`);
  const events = `ticker,date,kind,value\nAAA,${session(3)},split,2\n`;
  const header = 'ticker,sector,date,close,open,low,high,volume';
  await withFile(`${[header, ...rows].join('\n')}\n`, (pricesPath) =>
    withFile(events, (eventsPath) =>
      takeInPrices(services, context, {
        ...{ pricesPath, eventsPath, pricesName: 'p.csv', eventsName: 'e.csv' },
        onBadRow: 'refuse',
        adjustSplits: false,
      }),
    ),
  );
  const save = (n: number, logReturn: number, half: number, more: Partial<Forecast> = {}) =>
    services.forecasts.save(context, {
      ...{ ticker: 'AAA', horizon: 2, modelId: 'm', kind: 'linear', modelVersion: 1 },
      originSession: session(n),
      targetSession: session(n + 2),
      currentPrice: close(n),
      logReturn,
      intervals: [
        { level: 0.8, lower: logReturn - half, upper: logReturn + half },
        { level: 0.95, lower: logReturn - 2 * half, upper: logReturn + 2 * half },
      ],
      ...{ confidence: 0.5, directionProbability: 0.5, notes: [], madeAt: `${session(n)}T22:00:00.000Z` },
      ...more,
    });
  await save(0, 0.2, 0.01); // came ln(1.21) = 0.1906: inside both
  await save(1, -0.2, 0.01); // outside both, and the wrong direction; the split lies in between
  await save(2, 0.175, 0.01, { madeAt: '2020-01-01T00:00:00.000Z' }); // outside 80, inside 95; made afterwards
  await save(4, 0.2, 0.01); // not known yet
  await save(0, 0, 1, { modelId: 'n', kind: 'naive' });
  await save(0, 0, 1, { horizon: 1, targetSession: session(1) });
  api = await startApi(pipeline);
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const CAME = Math.log(1.21);

test('scores forecasts by the total return that came, splits or not, with running coverage by kind', async () => {
  const history = await forecastHistory(pipeline.services, pipeline.context, 'AAA', { horizon: 2, kind: 'linear' });
  expect(history.map(({ forecast, madeInTime }) => [forecast.originSession, madeInTime])).toEqual([
    [session(4), true],
    [session(2), false],
    [session(1), true],
    [session(0), true],
  ]);
  const [pending, third, second, first] = history;
  expect(pending).toMatchObject({ outcome: undefined, running: { n: 3, inside: { 80: 1, 95: 2 } } });
  const inside = (of: typeof third) => of!.outcome!.intervals.map((interval) => interval.inside);
  expect(inside(third)).toEqual([false, true]);
  expect(third!.running.n).toBe(3);
  expect(second!.outcome!.logReturn).toBeCloseTo(CAME, 12);
  expect(second!.outcome).toMatchObject({ directionRight: false, naiveError: -second!.outcome!.logReturn });
  expect(inside(second)).toEqual([false, false]);
  // On the footing of the price at the origin, as the price target is.
  expect(second!.outcome!.price).toBeCloseTo(close(1) * 1.21, 9);
  expect(first!.outcome!.error).toBeCloseTo(0.2 - CAME, 12);
  expect(first).toMatchObject({ outcome: { directionRight: true }, running: { n: 1, inside: { 80: 1, 95: 1 } } });
});

test('is given page by page over HTTP, all kinds or one', async () => {
  const pages = [];
  let path: string | null = '/history/aaa?horizon=2&limit=2';
  while (path !== null) {
    const { status, body } = await ask(`${api.url}${path}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ticker: 'AAA', horizon: 2, total: 5, scored: 4 });
    pages.push(...body.forecasts);
    path = body.next;
  }
  expect(pages.map(({ as_of }) => as_of)).toEqual([4, 2, 1, 0, 0].map(session));
  expect(pages[0]).toMatchObject({ outcome: null, running: { n: 3, coverage_80: 1 / 3, coverage_95: 2 / 3 } });
  expect(pages[1]).toMatchObject({ made_in_time: false, outcome: { inside_80: false, inside_95: true } });
  const naive = await ask(`${api.url}/history/AAA?horizon=2&model=naive`);
  expect(naive.body).toMatchObject({ total: 1, next: null, forecasts: [{ model: 'naive', running: { n: 1 } }] });
  expect((await ask(`${api.url}/history/AAA`)).body).toMatchObject({ horizon: 10, total: 0, forecasts: [] });
  expect((await ask(`${api.url}/history/ZZZZ`)).status).toBe(404);
  expect((await ask(`${api.url}/history/AAA?model=oracle`)).status).toBe(400);
});

test('is the same before and after it is scored, and stays as it was scored when a close is restated', async () => {
  const { services, context } = pipeline;
  const history = () => forecastHistory(services, context, 'AAA', { horizon: 2, kind: 'linear' });
  const before = await history();
  expect(before.map(({ outcome }) => outcome?.score)).toEqual([undefined, undefined, undefined, undefined]);
  expect(await scoreBatch(services, context, { vantage: vantageOf(context) })).toMatchObject({ scored: 5, live: 5 });
  const scored = await history();
  const bare = (of: typeof before) => of.map(({ outcome }) => outcome && { ...outcome, score: undefined });
  expect(bare(scored)).toMatchObject(bare(before));
  expect(scored[1]!.outcome!.score).toMatchObject({ live: true, scoredAt: expect.any(String) });

  const bar = { ticker: 'AAA', sector: 'T', date: session(2), open: 60, high: 60, low: 60, close: 60, volume: 100 };
  const record = { id: 'restated', source: 'r', acceptedRows: 1, rejectedRows: 0, report: [] };
  await services.bars.merge(context, record, [[bar]], []);
  const [, third, second, first] = await history();
  expect(first!.outcome!.logReturn).toBe(before[3]!.outcome!.logReturn);
  expect(first!.outcome!.restatedLogReturn).toBeCloseTo(Math.log(60 / close(0)), 12);
  expect(second!.outcome!.restatedLogReturn).toBeUndefined();
  expect(third!.outcome!.restatedLogReturn).toBeCloseTo(Math.log((close(4) * 2) / 60), 12);
  const { body } = await ask(`${api.url}/history/AAA?horizon=2&model=linear`);
  expect(body.forecasts[3].outcome).toMatchObject({
    ...{ live: true, log_return: first!.outcome!.logReturn, naive_error: -first!.outcome!.logReturn },
    ...{ restated_log_return: first!.outcome!.restatedLogReturn, scored_at: expect.any(String) },
  });
});
