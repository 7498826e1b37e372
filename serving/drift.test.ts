import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSessions } from '../domain/calendar.ts';
import type { Bar } from '../domain/bar.ts';
import { type DriftReport, isTold } from '../domain/drift.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { driftAnswer } from './drift-answer.ts';
import { checkDriftBatch, driftReport, watched } from './drift.ts';
import { forecast } from './forecasting.ts';
import { scoreBatch } from './scoring.ts';
import { vantageOf } from './vantages.ts';

const CALM = 30;
const WILD = 25;
const BARS = sampleBars('MSFT').slice(-900);
const LEARNT = BARS.slice(0, -CALM);
const evening = (date: string) => `${date}T23:00:00.000Z`;

let on: TestServices;
let context: TestContext;

beforeAll(async () => {
  on = await openServices();
  context = freshContext().at(evening(LEARNT.at(-1)!.date));
  await learn(LEARNT);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 1, kinds: ['naive'] });
});
afterAll(() => on.close());

function learn(bars: readonly Bar[]) {
  const id = `until ${bars.at(-1)!.date}`;
  return on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], []);
}

/** Each evening a forecast by what serves, the next evening its outcome and score. */
async function live(bars: readonly Bar[]): Promise<void> {
  for (const bar of bars) {
    await forecast(on.services, context, { ticker: 'MSFT', horizon: 1 });
    context.at(evening(bar.date));
    await learn([bar]);
    await scoreBatch(on.services, context, { vantage: vantageOf(context) });
  }
}

async function check(asOf?: string): Promise<DriftReport> {
  await checkDriftBatch(on.services, context, { vantage: vantageOf(context, asOf) });
  return (await on.services.drift.newest(context, 'MSFT'))[0]!;
}

describe('drift of what serves', () => {
  it('says that there is too little to go by right after training, and raises no alarm', async () => {
    const vantage = vantageOf(context);
    expect(await checkDriftBatch(on.services, context, { vantage })).toEqual({
      ...{ checked: 1, untold: 1, nAlarming: 0, alarming: [] },
    });
    expect((await on.services.drift.newest(context))[0]).toMatchObject({
      ...{ ticker: 'MSFT', horizon: 1, kind: 'naive', session: LEARNT.at(-1)!.date, alarms: [] },
      features: { untold: 'too few new sessions since it was trained: 0 of 20' },
      residuals: { untold: 'not enough matured forecasts: 0 of 20' },
      coverage80: { untold: 'not enough matured forecasts: 0 of 20' },
    });
  });

  it('compares features, errors and coverage once there are enough sessions, of real prices without alarm', async () => {
    await live(BARS.slice(-CALM));
    const report = await check();
    expect(report).toMatchObject({ session: BARS.at(-1)!.date, alarms: [], level: 0.05 / 4 });
    const { features, residuals, coverage80 } = report;
    if (!isTold(features) || !isTold(residuals) || !isTold(coverage80)) throw new Error('something is untold');
    expect(features).toMatchObject({
      nWindow: CALM,
      training: { last: LEARNT.at(-1)!.date },
      window: { last: BARS.at(-1)!.date },
    });
    expect(features.columns.map(({ name }) => name)).toContain('close_to_ma20');
    expect(residuals).toMatchObject({ columns: [{ name: 'residual' }] });
    expect(coverage80).toMatchObject({ n: CALM, nIndependent: CALM, level: 0.8 });
  });

  it('keeps the report of a session as it was made', async () => {
    const before = await check();
    context.at(`${BARS.at(-1)!.date}T23:30:00.000Z`);
    expect(await check()).toEqual(before);
  });

  it('answers with the newest report of each horizon', async () => {
    const { reports } = await driftAnswer(on.services, context, 'MSFT');
    expect(reports).toMatchObject([{ horizon: 1, model: 'naive', serves: true, session: BARS.at(-1)!.date }]);
    const then = await driftAnswer(on.services, context, 'MSFT', LEARNT.at(-1)!.date);
    expect(then.reports).toMatchObject([{ horizon: 1, session: LEARNT.at(-1)!.date }]);
    await expect(driftAnswer(on.services, context, 'ZZZZ')).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
  });

  it('raises an alarm when prices begin to leap', async () => {
    const last = BARS.at(-1)!;
    const wild = Array.from({ length: WILD }, (_, i): Bar => {
      const [open, close] = i % 2 === 0 ? [last.close, last.close * 1.2] : [last.close * 1.2, last.close];
      const [high, low] = [Math.max(open, close) * 1.05, Math.min(open, close) / 1.05];
      return { ...last, date: addSessions(last.date, i + 1), open, high, low, close };
    });
    await live(wild);
    const report = await check();
    expect(report.alarms).toContain('features');
    expect(report.alarms).toContain('coverage80');
    const { features, level } = report;
    const drifted = isTold(features) ? features.columns.filter(({ p }) => p <= level).map(({ name }) => name) : [];
    expect(drifted).toContain('close_open');
    expect(await on.services.drift.tallies(context)).toEqual([{ kind: 'naive', horizon: 1, watched: 1, alarming: 1 }]);
  });

  it('looks as of a past day at what had come by then', async () => {
    const { features, coverage80 } = await reportOf(BARS.at(-5)!.date);
    expect(features).toMatchObject({ window: { last: BARS.at(-5)!.date } });
    expect(coverage80).toMatchObject({ n: CALM - 4 });
  });

  it('goes on behind the last of a batch', async () => {
    const all = await watched(on.services, context, {});
    expect(all).toEqual([{ ticker: 'MSFT', horizon: 1 }]);
    const vantage = vantageOf(context);
    expect(await checkDriftBatch(on.services, context, { vantage, after: all[0]! })).toMatchObject({ checked: 0 });
    expect(await watched(on.services, context, { ticker: 'AAPL' })).toEqual([]);
  });
});

/** The report of the model and session of a past day. */
async function reportOf(asOf: string): Promise<DriftReport> {
  const serving = (await on.services.ledger.serving(context))[0]!;
  const model = (await on.services.registry.find(context, serving.modelId))!;
  return driftReport(on.services, context, model, vantageOf(context, asOf));
}
