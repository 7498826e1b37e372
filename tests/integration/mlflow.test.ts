import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFollower } from '../../serving/mlflow/open-follower.ts';
import { temporalPipelines } from '../../serving/mlflow/pipeline-lookup.ts';
import type { MlflowFollower } from '../../serving/mlflow/mlflow-follower.ts';
import { shownName } from '../../serving/mlflow/tell-pipeline.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { Database } from '../../stores/postgres/database.ts';
import { sampleBars } from '../sample-series.ts';
import { commandLine } from '../support/command-line.ts';
import { TestMlflow, installedMlflow } from '../support/mlflow.ts';
import { type MlflowView, type RunView, artifactPaths, metricHistory, viewOf } from '../support/mlflow-view.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';

const view = (model: string) => viewOf(mlflow.url, pipeline.context.tenant, model);
/** Has the follower tell until these runs, and a run of each of these tickers, have ended there too. */
const told = (runId: string, ...tickers: string[]) =>
  expect
    .poll(
      async () => {
        expect(await follower.tell()).toMatchObject({ refused: [] });
        const ended = (await view(`${tickers[0] ?? 'IBM'}-h1`)).runs.filter(
          ({ status, tags }) => status !== 'RUNNING' && tags.verdict,
        );
        const isTold = (wanted: string) =>
          ended.some(({ tags: { workflow, workflow_id, ticker } }) =>
            wanted === runId
              ? workflow !== undefined && workflow_id === runId
              : workflow === 'trainTicker' && ticker === wanted,
          );
        return [runId, ...tickers].filter((wanted) => !isTold(wanted));
      },
      { timeout: 120_000 },
    )
    .toEqual([]);

const WISH = { ...SMALL_WISH, kinds: ['linear'] };
const program = await installedMlflow();

let mlflow: TestMlflow;
let pipeline: TestPipeline;
let database: Database;
let follower: MlflowFollower;

beforeAll(async () => {
  [mlflow, pipeline] = await Promise.all([TestMlflow.start(program), startPipeline()]);
  const { services, context, temporal, databaseUrl } = pipeline;
  database = new Database(databaseUrl, { poolSize: 3, statementTimeoutMs: 30_000 });
  const pipelineOf = temporalPipelines(temporal);
  const parts = { services, database, pipelineOf, say: () => undefined };
  follower = openFollower({ uri: mlflow.url, token: undefined }, parts);
  const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  const bars = ['AAPL', 'IBM'].map((ticker) => sampleBars(ticker).filter(({ date }) => date >= '2012-01-01'));
  await services.bars.merge(context, ingest, bars, []);
}, 300_000);
afterAll(async () => {
  follower.stop();
  await database.close();
  await pipeline.stop();
  await mlflow.remove();
});

it('shows a run of a universe, its tickers below it and their models below them, with the way to Temporal', {
  timeout: 300_000,
}, async () => {
  const { services, temporal, context } = pipeline;
  const universe = await startUniverseTraining(services, temporal, context, { maxInFlight: 2 }, WISH);
  await expect.poll(() => services.registry.kinds(context, 'AAPL', 1), { timeout: 120_000 }).toContain('naive');
  expect(await follower.tell()).toMatchObject({ refused: [] });
  expect(await pipeline.ended(universe.run_id)).toMatchObject({ status: 'completed' });
  await told(universe.run_id, 'AAPL', 'IBM');
  const { runs } = await view('AAPL-h1');
  const top = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined);
  expect(top).toMatchObject([
    {
      ...{
        name: shownName(universe.run_id),
        status: 'FINISHED',
        params: { tickers: 'AAPL IBM', seed: '7', horizons: '1' },
      },
      tags: { workflow: 'trainUniverse', workflow_id: universe.run_id, verdict: 'completed' },
      metrics: { n_tickers: 2, n_failed: 0, n_reused: 0 },
    },
  ]);
  const below = (parent: RunView) => runs.filter(({ tags }) => tags['mlflow.parentRunId'] === parent.id);
  const tickers = below(top[0]!);
  expect(tickers.map(({ tags }) => [tags.ticker, tags.workflow])).toEqual([
    ['AAPL', 'trainTicker'],
    ['IBM', 'trainTicker'],
  ]);
  for (const run of tickers) {
    const ticker = run.tags.ticker!;
    expect(run).toMatchObject({
      name: shownName(run.tags.workflow_id!),
      status: 'FINISHED',
      metrics: { n_models: 3, n_reused: 0 },
    });
    expect(run.tags).toMatchObject({ horizon: '1', live: 'true', principal: 'tester', verdict: expect.any(String) });
    expect(run.tags.workflow_id).toMatch(new RegExp(`^train/default/${ticker}/`));
    expect(run.tags.workflow_link).toBe(temporal.uiLink(run.tags.workflow_id!));
    expect(run.tags.reused_models).toBeUndefined();
    expect(run.metrics['h1/rmse']).toBeGreaterThan(0);
    const models = below(run);
    expect(models.map(({ name }) => name)).toEqual([
      `${ticker} h1 drift v1`,
      `${ticker} h1 linear v1`,
      `${ticker} h1 naive v1`,
    ]);
    for (const { id, name, status, params, metrics, tags } of models) {
      expect(status).toBe('FINISHED');
      expect(tags).toMatchObject({
        ticker,
        horizon: '1',
        workflow_id: run.tags.workflow_id,
        workflow_link: run.tags.workflow_link,
      });
      expect(tags.dataset).toBe(run.tags.dataset);
      expect(tags['mlflow.note.content']).toContain(`**${ticker}, 1 session ahead`);
      expect(params).toMatchObject({ seed: '7', window: '504' });
      const folds = await metricHistory(mlflow.url, id, 'fold/rmse');
      expect(
        folds.map(({ step }) => step),
        name,
      ).toEqual(Array.from({ length: metrics.n_folds! }, (_, i) => i + 1));
      const files = await artifactPaths(mlflow.url, id);
      expect(files).toEqual(['certificate.json', 'model', 'pictures', 'registry']);
    }
  }
});

it('shows a run that trained nothing, and points to the models that it took', { timeout: 300_000 }, async () => {
  const { services, temporal, context } = pipeline;
  const before = await view('IBM-h1');
  const again = await startTickerTraining(services, temporal, context, 'IBM', { ...WISH, requireApproval: true });
  expect(again.joined).toBe(false);
  await pipeline.ended(again.run_id);
  await told(again.run_id);
  const { runs, versions } = await view('IBM-h1');
  const numbers = (of: MlflowView) => of.versions.map(({ number, runId, tags }) => [number, runId, tags.kind]);
  expect(numbers({ ...before, versions })).toEqual(numbers(before));
  expect(runs).toHaveLength(before.runs.length + 1);
  const run = runs.find(({ tags }) => tags.workflow_id === again.run_id)!;
  expect(run).toMatchObject({
    status: 'FINISHED',
    params: { require_approval: 'true' },
    metrics: { n_models: 3, n_reused: 3 },
  });
  expect(run.tags.reused_models!.split(' ').sort()).toEqual(['IBM-h1/1', 'IBM-h1/2', 'IBM-h1/3']);
  expect(run.tags['mlflow.note.content']).toContain('[linear v1](#/models/IBM-h1/versions/');
  expect(run.tags['mlflow.parentRunId']).toBeUndefined();
  const { model } = (await services.registry.newest(context, 'IBM', 1, 'naive'))!.evaluation!;
  expect(run.metrics).toMatchObject({ 'h1/rmse': model.rmse, 'h1/moved_production': 0 });
});

it('shows a run of a universe whose tickers were done, and points to the runs that had done them', {
  timeout: 300_000,
}, async () => {
  const { services, temporal, context } = pipeline;
  const universe = await startUniverseTraining(services, temporal, context, { tickers: ['IBM'], maxInFlight: 1 }, WISH);
  await pipeline.ended(universe.run_id);
  await told(universe.run_id);
  const { runs } = await view('IBM-h1');
  const run = runs.find(({ tags }) => tags.workflow_id === universe.run_id)!;
  expect(run).toMatchObject({ status: 'FINISHED', metrics: { n_tickers: 1, n_reused: 1 } });
  const taken = runs.find(({ tags }) => tags.workflow_id === run.tags.reused_runs && tags.workflow === 'trainTicker')!;
  expect(taken.tags.ticker).toBe('IBM');
  expect(run.tags['mlflow.note.content']).toContain(`/runs/${taken.id}`);
});

it('shows a run that failed, and why', { timeout: 300_000 }, async () => {
  const { services, temporal, context } = pipeline;
  const ingest = { id: 'b', source: 'b', acceptedRows: 1, rejectedRows: 0, report: [] };
  await services.bars.merge(context, ingest, [sampleBars('MSFT').slice(0, 20)], []);
  const run = await startUniverseTraining(services, temporal, context, { tickers: ['MSFT'], maxInFlight: 1 }, WISH);
  expect(await pipeline.ended(run.run_id)).toMatchObject({ status: 'failed' });
  await told(run.run_id);
  const shown = (await view('IBM-h1')).runs.find(({ tags }) => tags.workflow_id === run.run_id)!;
  expect(shown).toMatchObject({ status: 'FAILED', tags: { verdict: 'failed' } });
  expect(shown.tags['mlflow.note.content']).toContain('It failed: every ticker failed');
});

it('the command line says what MLflow lacks, and tells it', { timeout: 300_000 }, async () => {
  const { databaseUrl, objectsDir, at } = pipeline;
  const env = {
    ...{ DATABASE_URL: databaseUrl, STOCKCAST_OBJECTS_DIR: objectsDir, MLFLOW_TRACKING_URI: mlflow.url },
    ...{ TEMPORAL_ADDRESS: at.address, TEMPORAL_NAMESPACE: at.namespace },
  };
  const before = await commandLine(['mlflow', 'status', '--json'], env);
  expect(JSON.parse(before.stdout)).toEqual({ answers: true, problem: null, models: 0, promotions: 0, since: null });
  const again = await commandLine(['mlflow', 'sync', '--again'], env);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Told of \d+ models, 3 promotions/) });
  const away = await commandLine(['mlflow', 'status'], { ...env, MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' });
  expect(away).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/does not answer.*lacks \d+ models and 3 promo/),
  });
  const { MLFLOW_TRACKING_URI: _, ...without } = env;
  expect((await commandLine(['mlflow', 'status'], without)).stderr).toContain('set MLFLOW_TRACKING_URI');
});
