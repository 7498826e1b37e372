import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFollower } from '../../serving/mlflow/open-follower.ts';
import { temporalPipelines } from '../../serving/mlflow/pipeline-lookup.ts';
import type { MlflowFollower } from '../../serving/mlflow/mlflow-follower.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { Database } from '../../stores/postgres/database.ts';
import { sampleBars } from '../sample-series.ts';
import { commandLine } from '../support/command-line.ts';
import { TestMlflow, installedMlflow } from '../support/mlflow.ts';
import { viewOf } from '../support/mlflow-view.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';

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

it('models are shown below the run of the universe that asked for them, with the way to Temporal', {
  timeout: 300_000,
}, async () => {
  const { services, temporal, context } = pipeline;
  const universe = await startUniverseTraining(services, temporal, context, { maxInFlight: 2 }, WISH);
  await expect.poll(() => services.registry.kinds(context, 'AAPL', 1), { timeout: 120_000 }).toContain('naive');
  expect(await follower.tell()).toMatchObject({ refused: [] });
  expect(await pipeline.ended(universe.run_id)).toMatchObject({ status: 'completed' });
  expect(await follower.tell()).toMatchObject({ refused: [] });
  const { runs } = await viewOf(mlflow.url, context.tenant, 'AAPL-h1');
  const parents = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined);
  expect(parents).toMatchObject([
    { name: universe.run_id, status: 'FINISHED', tags: { workflow: 'trainUniverse', workflow_id: universe.run_id } },
  ]);
  const models = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === parents[0]!.id);
  expect(models.map(({ name }) => name)).toEqual([
    ...['AAPL h1 drift v1', 'AAPL h1 linear v1', 'AAPL h1 naive v1'],
    ...['IBM h1 drift v1', 'IBM h1 linear v1', 'IBM h1 naive v1'],
  ]);
  for (const { tags } of models) {
    expect(tags.workflow_link).toBe(temporal.uiLink(tags.workflow_id!));
    expect(tags.workflow_id).toMatch(/^train\/default\/(AAPL|IBM)\//);
  }

  const alone = await startTickerTraining(services, temporal, context, 'IBM', { ...WISH, seed: 8 });
  await pipeline.ended(alone.run_id);
  await follower.tell();
  const names = (await viewOf(mlflow.url, context.tenant, 'IBM-h1')).runs.map(({ name }) => name);
  expect(names).toContain(alone.run_id);
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
