import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { addSessions, sessionOrdinal } from '../domain/calendar.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { outcomeOf } from '../domain/scoring.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { judgeExperiment } from './experiment-judgement.ts';
import { type ExperimentRequest, startExperiment, stopExperiment } from './experiments.ts';
import type { Services } from './services.ts';
import { shadowForecasts } from './shadow-forecasts.ts';
import { vantageOf } from './vantages.ts';

const KINDS = ['naive', 'drift', 'linear'] as const;
const AT = '2013-03-02T12:00:00.000Z';
const AS_OF = '2016-01-01';
const line = { ticker: 'MSFT', horizon: 1 };
const asked: ExperimentRequest = {
  tickers: ['MSFT'],
  horizon: 1,
  challenger: 'linear',
  mode: 'shadow',
  looks: [20, 40],
};

let on: TestServices;
let services: Services;
let context: TestContext;
const models = new Map<string, ModelVersion>();
const model = (kind: string) => models.get(kind)!;

beforeAll(async () => {
  on = await openServices();
  services = on.services;
  context = freshContext().at(AT);
  const bars = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-03-01');
  const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await services.bars.merge(context, ingest, [bars], []);
  await trainDirectly(services, context, { ...line, kinds: KINDS });
  for (const kind of KINDS) models.set(kind, (await services.registry.newest(context, 'MSFT', 1, kind))!);
});
afterAll(() => on.close());

let moves = 0;
/** Lets a model serve, as a run does. */
async function serve(kind: string): Promise<void> {
  await services.ledger.enter(context, {
    ...{ ...line, asOf: '2013-03-01', modelId: model(kind).id, kind, reasons: [], principal: 'p', live: true },
    ...{ runId: 'train/x', executionId: `move ${++moves}` },
  });
}

let session = '2013-03-01';
/** Scored pairs of sessions that follow, each forecast off by so much and the champion by so much more. */
async function mature(champion: string, challenger: string, n: number, more: number, madeAt = AT): Promise<void> {
  for (let i = 0; i < n; i++) {
    session = addSessions(session, 1);
    for (const [kind, off] of [
      [challenger, 0.01],
      [champion, 0.01 + more],
    ] as const) {
      const forecast: Forecast = {
        ...{ ...line, modelId: model(kind).id, kind, modelVersion: 1, originSession: session, currentPrice: 1 },
        targetSession: addSessions(session, 1),
        logReturn: off * (1 + (sessionOrdinal(session) % 3)),
        ...{ intervals: [], confidence: 0.5, directionProbability: 0.5, notes: [], madeAt },
      };
      await services.forecasts.save(context, forecast);
      const vantage = { asOf: forecast.targetSession, knownAt: AT };
      const score = {
        ...forecast,
        ...outcomeOf(forecast, 0),
        live: true,
        vantage,
        scoredAt: `${session}T22:00:00.000Z`,
      };
      await services.scores.enter(context, [score]);
    }
  }
}

const judge = (id: string, by = services) => judgeExperiment(by, context, { id, asOf: AS_OF });
const serving = async () => (await services.ledger.production(context, 'MSFT', 1))!;

describe.sequential('an experiment', () => {
  it('is refused where it could come to nothing or harm somebody', async () => {
    await serve('naive');
    const refusal = (more: Partial<ExperimentRequest>) =>
      startExperiment(services, context, { ...asked, ...more }).then(
        () => 'started',
        ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
      );
    expect(await refusal({ challenger: 'naive' })).toMatch(/^EXPERIMENT_REFUSED .*serves it already/);
    expect(await refusal({ mode: 'split', share: 0.5 })).toMatch(/^EXPERIMENT_REFUSED .*no certificate/);
    expect(await refusal({ challenger: 'lstm' })).toMatch(/^EXPERIMENT_REFUSED .*no lstm model/);
    expect(await refusal({ horizon: 5 })).toMatch(/^EXPERIMENT_REFUSED .*nothing serves/);
    expect(await refusal({ tickers: ['ZZZZ'] })).toMatch(/^TICKER_UNKNOWN/);
    expect(await refusal({ mode: 'split' })).toMatch(/^REQUEST_INVALID share/);
    expect(await refusal({ splitBy: 'request' })).toMatch(/^REQUEST_INVALID split_by: belongs to a split/);
    expect(await refusal({ mode: 'split', share: 2 })).toMatch(/^REQUEST_INVALID share/);
    expect(await refusal({ share: 0.5 })).toMatch(/^REQUEST_INVALID share/);
    expect(await refusal({ looks: [40, 20] })).toMatch(/^REQUEST_INVALID looks/);
    expect(await refusal({ looks: [2] })).toMatch(/^REQUEST_INVALID looks/);
    expect(await refusal({ alpha: 0 })).toMatch(/^REQUEST_INVALID alpha/);
    expect(await services.experiments.list(context, { limit: 10 })).toEqual([]);
  });

  it('in shadow has both models forecast the newest session, and a challenger without certificate never serves', async () => {
    const started = await startExperiment(services, context, asked);
    for (const kind of ['naive', 'linear']) {
      expect(await services.forecasts.find(context, model(kind).id, '2013-03-01', 1)).toMatchObject({ kind });
    }
    await expect(startExperiment(services, context, { ...asked, challenger: 'drift' })).rejects.toMatchObject({
      code: 'EXPERIMENT_REFUSED',
      message: expect.stringContaining(started.id),
    });
    // Compared before it was thought of.
    await mature('naive', 'linear', 25, 0.02, '2013-02-01T00:00:00.000Z');
    expect(await judge(started.id)).toMatchObject({ state: 'running', pairs: 0, nextLook: 20, problems: [] });
    await mature('naive', 'linear', 19, 0.02);
    expect(await judge(started.id)).toMatchObject({ state: 'running', pairs: 19, nextLook: 20 });
    await mature('naive', 'linear', 1, 0.02);
    const verdict = await judge(started.id);
    expect(verdict).toMatchObject({ state: 'kept', pairs: 20 });
    expect(verdict.reasons.join('\n')).toMatch(
      /significantly better: RMSE 0\.\d+ .* on 20 sessions[\s\S]*no certificate/,
    );
    expect(await judge(started.id)).toEqual({ ...verdict, problems: [] });
    expect((await serving()).kind).toBe('naive');
    const [newest] = await services.ledger.history(context, 'MSFT');
    expect(newest).toMatchObject({
      kind: 'naive',
      movedLive: false,
      runId: `experiment/${context.tenant}/${started.id}`,
    });
    expect(newest!.reasons.join('\n')).toContain('Diebold-Mariano p');
  });

  it('promotes a certified challenger through the ledger, once, though whoever does it is killed in between', async () => {
    await services.registry.recordCertificate(context, model('linear').id, { id: 'c'.repeat(64), passed: true });
    const started = await startExperiment(services, context, { ...asked, mode: 'split', share: 0.1, by: 'Ada' });
    await mature('naive', 'linear', 20, 0.02);
    const killed: Services = Object.assign(Object.create(services) as Services, {
      experiments: Object.assign(Object.create(services.experiments) as Services['experiments'], {
        find: services.experiments.find.bind(services.experiments),
        noteLook: services.experiments.noteLook.bind(services.experiments),
        end: () => Promise.reject(new Error('killed')),
      }),
    });
    await expect(judge(started.id, killed)).rejects.toThrow('killed');
    expect(await judge(started.id)).toMatchObject({ state: 'promoted' });
    const history = await services.ledger.history(context, 'MSFT');
    expect(history.filter(({ runId }) => runId.endsWith(started.id))).toHaveLength(1);
    expect(history[0]).toMatchObject({ kind: 'linear', movedLive: true, certificateId: 'c'.repeat(64) });
    expect(history[0]!.reasons.join('\n')).toMatch(/significantly better: RMSE 0\.\d+/);
    expect((await serving()).kind).toBe('linear');
  });

  it('keeps the champion when the challenger is worse, or when nothing is found at the last look', async () => {
    const worse = await startExperiment(services, context, { ...asked, challenger: 'naive' });
    await mature('linear', 'naive', 20, -0.005);
    expect(await judge(worse.id)).toMatchObject({
      state: 'kept',
      reasons: [expect.stringContaining('significantly worse')],
    });
    const equal = await startExperiment(services, context, { ...asked, challenger: 'drift' });
    await mature('linear', 'drift', 40, 0);
    expect(await judge(equal.id)).toMatchObject({
      state: 'kept',
      reasons: [expect.stringMatching(/No difference .*look 2 of 2 \(planned at 20, 40; alpha 0.05\)/)],
    });
    expect((await serving()).kind).toBe('linear');
  });

  it('ends when something else has come to serve, or when a person says so', async () => {
    context.at('2013-03-02T12:30:00.000Z');
    const started = await startExperiment(services, context, { ...asked, challenger: 'drift' });
    await serve('naive');
    expect(await judge(started.id)).toMatchObject({
      state: 'ended',
      reasons: [expect.stringMatching(/^naive \w+ has come to serve MSFT in place of the champion linear/)],
    });
    context.at('2013-03-02T13:00:00.000Z');
    const stopped = await startExperiment(services, context, { ...asked, challenger: 'drift' });
    await expect(stopExperiment(services, context, stopped.id, { reason: ' ' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    const ended = await stopExperiment(services, context, stopped.id, { reason: 'enough', by: 'Ada' });
    expect(ended).toMatchObject({ state: 'ended', reasons: ['Stopped by Ada: enough'] });
    expect(await stopExperiment(services, context, stopped.id, { reason: 'again' })).toEqual(ended);
    await expect(judge('none')).rejects.toMatchObject({ code: 'EXPERIMENT_UNKNOWN' });
  });

  test('shadow forecasts follow those of the champion, and one that fails stops nothing', async () => {
    context.at('2013-03-02T14:00:00.000Z');
    const started = await startExperiment(services, context, { ...asked, challenger: 'drift' });
    const vantage = vantageOf(context, '2013-02-20');
    const after = (kind: string, by = services) =>
      shadowForecasts(by, context, { ticker: 'MSFT', vantage, models: [{ modelId: model(kind).id }] });
    const stored = () => services.forecasts.find(context, model('drift').id, '2013-02-20', 1);
    expect(await after('linear')).toEqual({ failed: [] });
    expect(await stored()).toBeUndefined();
    const registry = { find: () => Promise.reject(new Error('gone')) };
    const broken = Object.assign(Object.create(services) as Services, { registry });
    const { failed } = await after('naive', broken);
    expect(failed).toMatchObject([{ line: { experimentId: started.id }, error: { message: 'gone' } }]);
    expect(await after('naive')).toEqual({ failed: [] });
    expect(await stored()).toMatchObject({ kind: 'drift', originSession: '2013-02-20' });
  });
});
