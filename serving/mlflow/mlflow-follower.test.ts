import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresChanges } from '../../stores/changes/postgres-changes.ts';
import { Database } from '../../stores/postgres/database.ts';
import { type TestContext, freshContext } from '../../tests/contract/backend.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { CuttableWay, TestMlflow, installedMlflow } from '../../tests/support/mlflow.ts';
import { artifactPaths, metricHistory, viewOf } from '../../tests/support/mlflow-view.ts';
import { NO_TEMPORAL } from '../../tests/support/no-temporal.ts';
import { type TestServices, openServices } from '../../tests/support/services.ts';
import { trainDirectly } from '../../tests/support/trained-ticker.ts';
import { startExperiment, stopExperiment } from '../experiments.ts';
import { scoreBatch } from '../scoring.ts';
import { vantageOf } from '../vantages.ts';
import type { MlflowFollower } from './mlflow-follower.ts';
import { openFollower } from './open-follower.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-03-01');
/** Some calls more each time until all is told: a step that hits creations as well as what follows them. */
const CALLS_MORE = 4;
/** MLflow starts in seconds, on a busy machine in many. */
const LONG = 300_000;
const SOON = { timeout: 120_000 };
const program = await installedMlflow();

let mlflow: TestMlflow;
let on: TestServices;
let database: Database;
let context: TestContext;
let name: string;
const opened: MlflowFollower[] = [];
const said: string[] = [];

beforeAll(async () => {
  [mlflow, on] = await Promise.all([TestMlflow.start(program), openServices()]);
  database = new Database(on.databaseUrl, { poolSize: 3, statementTimeoutMs: 30_000 });
  context = freshContext().at('2013-03-05T12:00:00.000Z');
  name = `${context.tenant}.MSFT-h10`;
  const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, ingest, [BARS], []);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: ['naive', 'linear'] });
}, LONG);
afterAll(async () => {
  for (const follower of opened) follower.stop();
  await database.close();
  await on.close();
  await mlflow.remove();
});

/** A follower as another process would open it. */
function follower(uri = mlflow.url): MlflowFollower {
  const say = (line: string) => void said.push(line);
  const made = openFollower(
    { uri, token: undefined },
    { services: on.services, database, pipelineOf: NO_TEMPORAL, say },
  );
  opened.push(made);
  return made;
}

const view = () => viewOf(mlflow.url, context.tenant, name);
const modelIdOf = async (kind: string, horizon = 10) =>
  (await on.services.registry.newest(context, 'MSFT', horizon, kind))!.id;

/** Where the versions stand: the moves follow one another. */
async function placed() {
  const { aliases, versions } = await view();
  return { aliases, stages: versions.map(({ stage }) => stage), archived: versions.map(({ tags }) => tags.archived) };
}

/** Enters a move of the live alias as a run does. */
async function promote(kind: string, executionId: string, horizon = 10): Promise<void> {
  const modelId = await modelIdOf(kind, horizon);
  await on.services.ledger.enter(context, {
    ...{ ticker: 'MSFT', horizon, asOf: '2013-03-01', modelId, kind, reasons: [`${executionId} says so`] },
    ...{ principal: 'tester', runId: 'train/x', executionId, live: true },
  });
}

describe.sequential('MLflow as a follower', () => {
  it('is told of everything once, however often whoever tells it ends between two calls', {
    timeout: LONG,
  }, async () => {
    const way = await CuttableWay.to(mlflow.url);
    try {
      for (let calls = 1; ; calls += CALLS_MORE) {
        void way.allow(calls);
        const cut = follower(way.url);
        const told = await cut.tell().catch((error: Error) => error);
        cut.stop();
        if (!(told instanceof Error)) break;
        expect(told).toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
      }
    } finally {
      await way.close();
    }
    const { runs, versions, modelTags, aliases } = await view();
    expect(runs.map((run) => run.name)).toEqual([
      expect.stringMatching(/^MSFT 2013-03-01 [0-9a-f]+$/),
      'MSFT h10 linear v1',
      'MSFT h10 naive v1',
    ]);
    expect(versions.map(({ number, tags }) => [number, tags.kind])).toEqual([
      ['1', 'naive'],
      ['2', 'linear'],
    ]);
    expect(Object.keys(modelTags).filter((key) => key.startsWith('promotion.'))).toHaveLength(1);
    expect(aliases).toEqual({ production: '1' });
  });

  it('shows the whole story of a ticker, and no more of it when told again', { timeout: LONG }, async () => {
    await follower().forget();
    expect(await follower().tell()).toMatchObject({ models: 2, promotions: 1, refused: [] });
    expect(await follower().tell()).toEqual({ models: 0, promotions: 0, runs: 0, inferences: 0, refused: [] });
    const { runs, versions, modelTags, aliases } = await view();
    const [parent, run] = runs;
    const model = (await on.services.registry.newest(context, 'MSFT', 10, 'linear'))!;
    expect(parent).toMatchObject({ status: 'FINISHED', tags: { workflow_id: model.runId } });
    expect(run).toMatchObject({
      status: 'FINISHED',
      params: { seed: '7', window: 'all', feature_set: model.featureSet, n_training_rows: String(model.nTrainingRows) },
      tags: {
        ...{ ticker: 'MSFT', horizon: '10', kind: 'linear', dataset: model.datasetId, workflow_id: model.runId },
        workflow_link: `http://temporal.example/${encodeURIComponent(model.runId)}`,
        'mlflow.parentRunId': parent!.id,
        verdict: 'refused',
        certificate: model.certificate!.id,
      },
      metrics: { rmse: model.evaluation!.model.rmse, rmse_ratio_to_naive: model.evaluation!.rmseRatioToNaive },
    });
    expect(run!.tags['mlflow.note.content']).toContain('**MSFT, 10 sessions ahead: linear, version 1**');
    expect(run!.tags['mlflow.note.content']).toContain(`Made by the run [${model.runId}](http://temporal.example/`);
    const folds = await metricHistory(mlflow.url, run!.id, 'fold/rmse');
    expect(folds.map(({ step }) => step)).toEqual(Array.from({ length: model.evaluation!.nFolds }, (_, i) => i + 1));
    expect(await metricHistory(mlflow.url, run!.id, 'rmse')).toHaveLength(1);
    expect(await artifactPaths(mlflow.url, run!.id)).toEqual(['certificate.json', 'model', 'pictures', 'registry']);
    expect(await artifactPaths(mlflow.url, run!.id, 'pictures')).toHaveLength(3);
    expect(aliases).toEqual({ production: '1' });
    const [naive, linear] = versions;
    expect(naive).toMatchObject({ stage: 'Production', tags: { promoted_by: 'tester', version: '1' } });
    expect(naive!.tags.promotion_reason).toContain('naive');
    expect(linear).toMatchObject({ stage: 'None', runId: run!.id });
    expect(linear!.description).toBe(run!.tags['mlflow.note.content']);
    expect(Object.keys(modelTags).filter((key) => key.startsWith('promotion.'))).toHaveLength(1);
  });

  it('learns of a promotion that was entered while it was killed, after it is back, once', {
    timeout: LONG,
  }, async () => {
    // Under another address it is told everything anew, which gives it something to be killed in the middle of.
    const way = await CuttableWay.to(mlflow.url);
    const inTheMiddle = way.allow(9);
    const telling = follower(way.url).tell();
    const outcome = expect(telling).rejects.toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
    await inTheMiddle;
    await mlflow.kill();
    await outcome;
    await way.close();
    await promote('linear', 'while-away');
    expect(await on.services.ledger.production(context, 'MSFT', 10)).toMatchObject({ kind: 'linear' });
    await expect(follower().tell()).rejects.toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
    expect(await follower().waiting()).toMatchObject({ models: 0, promotions: 1 });
    await mlflow.start();
    expect(await follower().tell()).toMatchObject({ promotions: 1 });
    expect(await follower().tell()).toMatchObject({ promotions: 0 });
    expect(await follower().waiting()).toEqual({ models: 0, promotions: 0 });
    const { aliases, versions, modelTags } = await view();
    expect(aliases).toEqual({ production: '2' });
    expect(versions[0]).toMatchObject({ stage: 'Archived', tags: { archived: 'true' } });
    expect(versions[1]).toMatchObject({ stage: 'Production', tags: { promotion_reason: 'while-away says so' } });
    expect(Object.values(modelTags).filter((entry) => entry.includes('while-away says so'))).toHaveLength(1);
  });

  it('is told by itself: of what changes, and after an outage of any length', { timeout: LONG }, async () => {
    const following = follower();
    const changes = new PostgresChanges(on.databaseUrl);
    const ended = following.follow(changes);
    try {
      await mlflow.kill();
      await promote('naive', 'back-again');
      await expect.poll(() => said.join('\n'), SOON).toContain('MLflow is told later');
      await mlflow.start();
      await expect.poll(placed, SOON).toEqual({
        aliases: { production: '1' },
        stages: ['Production', 'Archived'],
        archived: [undefined, 'true'],
      });
      await promote('linear', 'and-forth');
      await expect.poll(async () => (await placed()).aliases, SOON).toEqual({ production: '2' });
    } finally {
      following.stop();
      await ended;
      await changes.close();
    }
  });

  it('points `staging` to a version that passed the gate, until it serves', { timeout: LONG }, async () => {
    await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 1, kinds: ['naive', 'linear'] });
    const passed = { id: 'c'.repeat(64), passed: true };
    await on.services.registry.recordCertificate(context, await modelIdOf('linear', 1), passed);
    const placedNow = async () => {
      await follower().tell();
      const { aliases, versions } = await viewOf(mlflow.url, context.tenant, `${context.tenant}.MSFT-h1`);
      return { aliases, stages: versions.map(({ stage, tags }) => [tags.kind, stage, tags.archived]) };
    };
    const certified = await placedNow();
    expect(certified.stages.sort()).toEqual([
      ['linear', 'Staging', undefined],
      ['naive', 'Production', undefined],
    ]);
    expect(Object.keys(certified.aliases).sort()).toEqual(['production', 'staging']);
    await promote('linear', 'out-of-staging', 1);
    const serving = await placedNow();
    expect(serving.stages.sort()).toEqual([
      ['linear', 'Production', undefined],
      ['naive', 'Archived', 'true'],
    ]);
    expect(serving.aliases).toEqual({ production: certified.aliases.staging });
  });

  it('points `shadow` to a challenger for as long as it forecasts beside what serves', { timeout: LONG }, async () => {
    const { id } = await startExperiment(on.services, context, {
      ...{ tickers: ['MSFT'], horizon: 1, challenger: 'naive', mode: 'shadow' },
    });
    const aliasesNow = async () => {
      await follower().tell();
      return (await viewOf(mlflow.url, context.tenant, `${context.tenant}.MSFT-h1`)).aliases;
    };
    const running = await aliasesNow();
    expect(Object.keys(running).sort()).toEqual(['production', 'shadow']);
    expect(running.shadow).not.toBe(running.production);
    await stopExperiment(on.services, context, id, { reason: 'enough' });
    expect(await aliasesNow()).toEqual({ production: running.production });
  });

  it('has each day of a model: how often it was asked, how fast it answered, by how much it missed', {
    timeout: LONG,
  }, async () => {
    const modelId = await modelIdOf('linear');
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const answer = { modelId, kind: 'linear', originSession: '2013-03-01', priceTarget: 1, confidence: 0.5 };
    const entries = [1, 2, 3].map((durationMs, i) => ({
      ...{ id: `00000000-0000-0000-0000-00000000000${i}`, at: yesterday, requestId: 'r', principal: 'p', route: '/' },
      ...{ ticker: 'MSFT', horizon: 10, durationMs, answer },
    }));
    await on.services.predictionLog.append(context, entries);
    await on.services.forecasts.save(context, {
      ...{ modelId, kind: 'linear', modelVersion: 1, ticker: 'MSFT', horizon: 10, currentPrice: 28 },
      ...{ originSession: '2013-01-02', targetSession: '2013-01-16', logReturn: 0.01, intervals: [], notes: [] },
      ...{ confidence: 0.5, directionProbability: 0.5, madeAt: '2013-01-02T22:00:00.000Z' },
    });
    const told = follower();
    // What came is told once it is scored.
    expect(await told.tell()).toMatchObject({ inferences: 1 });
    await scoreBatch(on.services, context, { vantage: vantageOf(context) });
    expect(await told.tell()).toMatchObject({ inferences: 1 });
    expect(await told.tell()).toMatchObject({ inferences: 0 });
    await told.forget();
    await told.tell();
    const run = (await view()).runs.find(({ name: of }) => of === 'MSFT h10 linear v1');
    const day = Math.floor(Date.parse(yesterday) / 86_400_000);
    const of = (metric: string) => metricHistory(mlflow.url, run!.id, `inference/${metric}`);
    expect(await of('count')).toEqual([{ step: day, value: 3 }]);
    expect(await of('latency_ms_median')).toEqual([{ step: day, value: 2 }]);
    expect(await of('latency_ms_p95')).toEqual([{ step: day, value: expect.closeTo(2.9, 9) }]);
    const [error, ...more] = await of('realised_error');
    expect(more).toEqual([]);
    expect(error!.step).toBe(Date.parse('2013-01-16') / 86_400_000);
    const close = (date: string) => BARS.find((bar) => bar.date === date)!.close;
    expect(error!.value).toBeCloseTo(0.01 - Math.log(close('2013-01-16') / close('2013-01-02')), 12);
  });
});
