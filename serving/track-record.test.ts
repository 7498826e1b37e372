import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSessions } from '../domain/calendar.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { leaderboard } from './leaderboard.ts';
import { liveAccuracy } from './model-accuracy.ts';
import { modelHistory } from './model-history.ts';
import { planTicker, trainingPlan } from './planning.ts';
import { scoreBatch } from './scoring.ts';
import { judgeLiveRecords, trackRecords } from './track-record.ts';
import { vantageOf } from './vantages.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const LAST = BARS.at(-1)!;
const session = (n: number) => addSessions(LAST.date, n);
const evening = (n: number) => `${session(n)}T23:00:00.000Z`;

let on: TestServices;
let context: TestContext;
let [naive, linear]: ModelVersion[] = [];

beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  await learn(BARS);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 1, kinds: ['naive', 'linear'] });
  [naive, linear] = (
    await Promise.all(['naive', 'linear'].map((kind) => on.services.registry.newest(context, 'MSFT', 1, kind)))
  ).map((model) => model!);
});
afterAll(() => on.close());

function learn(bars: typeof BARS) {
  const id = `until ${bars.at(-1)!.date}`;
  return on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], []);
}

/** Each evening from one session to another: the close, up and down by a hundredth, a forecast by a model, the scores. */
async function live(from: number, to: number, model: ModelVersion, logReturn: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    context.at(evening(n));
    const close = LAST.close * (n % 2 === 0 ? 1 : 1.01);
    if (n > 0) await learn([{ ...LAST, date: session(n), open: close, high: close, low: close, close }]);
    await on.services.forecasts.save(context, {
      ...{ ticker: 'MSFT', horizon: 1, modelId: model.id, kind: model.kind, modelVersion: model.version },
      ...{ originSession: session(n), targetSession: session(n + 1), currentPrice: close, logReturn },
      intervals: [{ level: 0.8, lower: logReturn - 0.02, upper: logReturn + 0.02 }],
      ...{ confidence: 0.5, directionProbability: 0.5, notes: [], madeAt: context.clock.now().toISOString() },
    });
    await scoreBatch(on.services, context, { vantage: vantageOf(context) });
  }
}

const promote = (model: ModelVersion, runId: string, asOf: string) =>
  on.services.ledger.enter(context, {
    ...{ ticker: 'MSFT', horizon: 1, asOf, modelId: model.id, kind: model.kind },
    ...{ reasons: ['it passed'], principal: 'nightly', runId, executionId: runId, live: true },
  });
const judge = (onBehindNaive: 'note' | 'demote') => judgeLiveRecords(on.services, context, { onBehindNaive });
const serves = async () => (await on.services.ledger.production(context, 'MSFT', 1))!.modelId;
const linearOf = async () => (await trackRecords(on.services, context, 'MSFT')).find(({ kind }) => kind === 'linear')!;

describe.sequential('a live track record', () => {
  it('judges nothing where naive serves', async () => {
    expect(await serves()).toBe(naive!.id);
    expect(await judge('demote')).toEqual({ judged: 0, nBehind: 0, nDemoted: 0, behind: [], problems: [] });
  });

  it('does not count for what serves what was forecast before it did', async () => {
    await live(0, 24, linear!, 0.05);
    expect((await linearOf()).live).toMatchObject({ n: 24 });
    const plan = trainingPlan({ seed: 7, horizons: [1] });
    const planned = { ticker: 'MSFT', vantage: vantageOf(context), plan, live: true };
    const { workflowId } = await planTicker(on.services, context, planned);
    context.at(`${session(24)}T23:30:00.000Z`);
    await promote(linear!, workflowId, session(24));
    expect(await serves()).toBe(linear!.id);
    expect(await judge('demote')).toMatchObject({ judged: 1, nBehind: 0 });
  });

  it('is flagged once it is significantly behind naive, and noted where people look', async () => {
    await live(25, 44, linear!, 0.05);
    expect(await judge('note')).toMatchObject({ judged: 1, nBehind: 0 });
    await live(45, 45, linear!, 0.05);
    const found = await judge('note');
    expect(found).toMatchObject({ nBehind: 1, nDemoted: 0, behind: [{ ticker: 'MSFT', kind: 'linear', n: 20 }] });
    expect(await judge('note')).toEqual(found);
    const { behindNaive, serves: isServing } = await linearOf();
    expect(isServing).toBe(true);
    expect(behindNaive).toMatchObject({ modelId: linear!.id, n: 20, level: 0.005, foundAt: evening(45) });
    expect(behindNaive!.p).toBeLessThan(1e-6);
    const [entry] = await leaderboard(on.services, context, ['MSFT'], [1]);
    const line = entry!.models.find(({ kind }) => kind === 'linear')!;
    expect(line).toMatchObject({ promoted: true, live: { n: 45 }, behindNaive: { n: 20 } });
    expect(entry!.models.find(({ kind }) => kind === 'naive')).not.toHaveProperty('behindNaive');
    const [metrics] = await liveAccuracy(on.services, context);
    expect(metrics).toMatchObject({ kind: 'linear', horizon: 1, n: 45, nBehind: 1, coverage95: undefined });
    expect(metrics!.rmseRatioToNaive).toBeGreaterThan(3);
    expect(await serves()).toBe(linear!.id);
  });

  it('lets naive serve in its place where that is asked for, with the figures in the ledger', async () => {
    context.at(evening(46));
    // As of a training that is still under way.
    const { version: _, evaluation: __, certificate: ___, ...entered } = naive!;
    await on.services.registry.register(context, { ...entered, id: 'a'.repeat(64), seed: 8 });
    expect(await judge('demote')).toMatchObject({ judged: 1, nBehind: 1, nDemoted: 1, problems: [] });
    expect(await serves()).toBe(naive!.id);
    const [entry] = (await modelHistory(on.services, context, { ticker: 'MSFT', horizon: 1 })).entries;
    expect(entry).toMatchObject({ model: 'naive', rollback: true, principal: 'scoring', from_model_id: linear!.id });
    expect(entry!.reasons[0]).toMatch(
      /behind naive: RMSE \d+\.\d{4} times naive's on 20 forecasts .* p .* below 0\.0050/,
    );
    expect(await judge('demote')).toMatchObject({ judged: 0, nDemoted: 0 });
    expect((await linearOf()).behindNaive).toBeUndefined();
  });

  it('does not come back by the same run without new data, and begins anew with a run that promotes it', async () => {
    const plan = trainingPlan({ seed: 7, horizons: [1] });
    const request = { ticker: 'MSFT', vantage: vantageOf(context, session(24)), plan, live: true };
    const again = await planTicker(on.services, context, request);
    const entries = await on.services.ledger.history(context, 'MSFT');
    expect(entries.map(({ runId }) => runId)).toContain(again.workflowId);
    expect(again.stands).toBe(true);

    await promote(linear!, 'next-week', session(46));
    expect(await judge('demote')).toMatchObject({ judged: 1, nBehind: 0 });
    await live(47, 48, linear!, 0.05);
    expect(await judge('demote')).toMatchObject({ judged: 1, nBehind: 0 });
    expect(await serves()).toBe(linear!.id);
  });
});
