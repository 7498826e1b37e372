import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFollower } from '../../serving/mlflow/open-follower.ts';
import type { MlflowFollower } from '../../serving/mlflow/mlflow-follower.ts';
import { Database } from '../../stores/postgres/database.ts';
import { type TestContext, freshContext } from '../contract/backend.ts';
import { sampleBars } from '../sample-series.ts';
import { CrashChildren } from '../support/crash/crash-children.ts';
import type { TellingJob } from '../support/crash/mlflow-child.ts';
import { numbered, watchMlflow, watchStatements } from '../support/crash/points.ts';
import { TestMlflow, installedMlflow } from '../support/mlflow.ts';
import { type MlflowView, artifactPaths, emptied, viewOf } from '../support/mlflow-view.ts';
import { NO_TEMPORAL } from '../support/no-temporal.ts';
import { type TestServices, openServices } from '../support/services.ts';
import { trainDirectly } from '../support/trained-ticker.ts';

/** Each kill costs a process, which takes seconds to load where many share the machine. */
const LONG = 1_200_000;
/** Where a telling of everything is killed: a model with its figures, its promotion, its aliases, its daily figures. */
const STORY: readonly string[] = [
  ...['experiments/create', 'runs/create', 'runs/create answered', 'runs/create#2', 'runs/create answered#2'],
  ...['upload registry/model.json', 'registered-models/create', 'registered-models/create answered'],
  ...['model-versions/create', 'model-versions/create answered', 'model-versions/create answered#2'],
  ...['runs/update', 'model-versions/set-tag', 'runs/log-batch', 'runs/log-batch answered#2'],
  ...['upload model/model.json', 'upload registry/evaluation.json', 'upload certificate.json'],
  ...['upload pictures/forecast.svg', 'upload pictures/reliability.svg', 'upload pictures/error.svg'],
  ...['model-versions/update', 'registered-models/alias', 'model-versions/transition-stage'],
  ...['registered-models/set-tag', 'registered-models/set-tag answered', 'insert mlflow_told'],
  ...['insert mlflow_told#3', 'insert mlflow_told#4', 'insert mlflow_told#5', 'insert mlflow_told#6'],
];
/** Where the telling of a further promotion is killed. */
const PROMOTION: readonly string[] = [
  ...['model-versions/set-tag#2', 'registered-models/set-tag', 'registered-models/set-tag answered'],
  ...['registered-models/alias', 'registered-models/alias answered', 'model-versions/transition-stage'],
  ...['model-versions/transition-stage#2', 'delete model-versions/delete-tag', 'insert mlflow_told'],
];
const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-03-01');
const program = await installedMlflow();

describe.sequential('a process killed while it tells MLflow', { timeout: LONG }, () => {
  let mlflow: TestMlflow;
  let on: TestServices;
  let database: Database;
  let children: CrashChildren<TellingJob>;
  let context: TestContext;
  let name: string;
  const opened: MlflowFollower[] = [];
  const passed = new Set<string>();

  beforeAll(async () => {
    [mlflow, on, children] = await Promise.all([
      TestMlflow.start(program),
      openServices(),
      CrashChildren.create<TellingJob>(2, 'mlflow-child.ts'),
    ]);
    database = new Database(on.databaseUrl, { poolSize: 3, statementTimeoutMs: 30_000 });
    context = freshContext().at('2013-03-05T12:00:00.000Z');
    name = `${context.tenant}.MSFT-h10`;
    const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
    await on.services.bars.merge(context, ingest, [BARS], []);
    await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: ['naive', 'linear'] });
    await forecastAndAsk();
  }, LONG);
  afterAll(async () => {
    for (const follower of opened) follower.stop();
    await children?.close();
    await database?.close();
    await on?.close();
    await mlflow?.remove();
  });

  it('leaves nothing twice and nothing half, wherever that was in the story of a model', async () => {
    const points = await pointsOf(() => follower().tell());
    const whole = await seen();
    expect(whole.view.runs).toHaveLength(3);
    expect(whole.told.runs.flatMap(({ history }) => history).length).toBeGreaterThan(50);
    for (const { history, metrics, name: run } of whole.told.runs) {
      expect(new Set(history.map(({ key }) => key)), run).toEqual(new Set(Object.keys(metrics)));
    }
    expect(points).toEqual(expect.arrayContaining([...STORY]));
    for (const point of STORY) {
      await emptied(mlflow.url, context.tenant, name);
      await follower().forget();
      await killedAt(point);
      expectBelow(await partly(), whole.view, point);
      await follower().tell();
      expect((await seen()).told, point).toEqual(whole.told);
    }
  });

  it('moves an alias and gives its reason once, wherever that was in a promotion', async () => {
    await promote('linear', 'first');
    await follower().tell();
    await promote('naive', 'and back');
    const points = await pointsOf(() => follower().tell());
    expect(points).toEqual(expect.arrayContaining([...PROMOTION]));
    for (const [i, point] of PROMOTION.entries()) {
      const before = (await seen()).view;
      const kind = i % 2 === 0 ? 'linear' : 'naive';
      await promote(kind, `killed-${i}`);
      await killedAt(point);
      const struck = await partly();
      expect([before.aliases, { production: numberOf(before, kind) }], point).toContainEqual(struck!.aliases);
      await follower().tell();
      const { view } = await seen();
      expect(view.aliases, point).toEqual({ production: numberOf(view, kind) });
      for (const { stage, tags } of view.versions) {
        expect([stage, tags.archived], point).toEqual(
          tags.kind === kind ? ['Production', undefined] : ['Archived', 'true'],
        );
      }
      const told = view.versions.find(({ tags }) => tags.kind === kind)!;
      expect(told.tags.promotion_reason, point).toBe(`killed-${i} says so`);
      const reasons = Object.values(view.modelTags).filter((text) => text.endsWith(`killed-${i} says so`));
      expect(reasons, point).toHaveLength(1);
      expect(Object.keys(view.modelTags)).toHaveLength(Object.keys(before.modelTags).length + 1);
    }
  });

  // Whoever has MLflow told of more adds where that is killed.
  it('was killed at every call that changes something in MLflow', () => {
    const killed = new Set([...STORY, ...PROMOTION].map(placeOf));
    expect([...passed].filter((place) => !killed.has(place) && !place.endsWith(' answered'))).toEqual([]);
  });

  function follower(): MlflowFollower {
    const parts = { services: on.services, database, pipelineOf: NO_TEMPORAL, say: () => undefined };
    const made = openFollower({ uri: mlflow.url, token: undefined }, parts);
    opened.push(made);
    return made;
  }

  async function pointsOf(body: () => Promise<unknown>): Promise<string[]> {
    const points: string[] = [];
    const pass = numbered((point) => points.push(point));
    const unwatch = [watchMlflow(pass), watchStatements(pass)];
    try {
      await body();
    } finally {
      for (const undo of unwatch) undo();
    }
    for (const point of points) passed.add(placeOf(point));
    return points;
  }

  async function killedAt(killAt: string): Promise<void> {
    const { databaseUrl, objectsDir } = on;
    expect(await children.run({ databaseUrl, objectsDir, mlflowUrl: mlflow.url, killAt }), killAt).toBe('SIGKILL');
  }

  /** All of it, in names rather than ids. */
  async function seen() {
    const view = await viewOf(mlflow.url, context.tenant, name);
    const nameOf = new Map(view.runs.map((run) => [run.id, run.name]));
    const rows = await mlflow.metricRows();
    const runs = await Promise.all(
      view.runs.map(async ({ id, tags, metrics, ...run }) => {
        const folders = await artifactPaths(mlflow.url, id);
        const artifacts = await Promise.all(folders.map((folder) => artifactPaths(mlflow.url, id, folder)));
        const history = rows.filter(({ runId }) => runId === id).map(({ key, step, value }) => ({ key, step, value }));
        const parent = nameOf.get(tags['mlflow.parentRunId'] ?? '');
        return { ...run, tags: { ...tags, 'mlflow.parentRunId': parent }, metrics, history, folders, artifacts };
      }),
    );
    const versions = view.versions.map(({ runId, ...version }) => ({ ...version, run: nameOf.get(runId) }));
    return { view, told: { runs, versions, aliases: view.aliases, modelTags: view.modelTags } };
  }

  /** What is to be seen of what was begun; nothing where not even the registered model is there. */
  function partly(): Promise<MlflowView | undefined> {
    return viewOf(mlflow.url, context.tenant, name).catch((error: Error) => {
      expect(error.message).toContain('RESOURCE_DOES_NOT_EXIST');
      return undefined;
    });
  }

  /** Enters a move of the live alias as a run does. */
  async function promote(kind: string, executionId: string): Promise<void> {
    const { id: modelId } = (await on.services.registry.newest(context, 'MSFT', 10, kind))!;
    await on.services.ledger.enter(context, {
      ...{ ticker: 'MSFT', horizon: 10, asOf: '2013-03-01', modelId, kind, reasons: [`${executionId} says so`] },
      ...{ principal: 'tester', runId: 'train/x', executionId, live: true },
    });
  }

  async function forecastAndAsk(): Promise<void> {
    const { id: modelId } = (await on.services.registry.newest(context, 'MSFT', 10, 'linear'))!;
    await on.services.forecasts.save(context, {
      ...{ modelId, kind: 'linear', modelVersion: 1, ticker: 'MSFT', horizon: 10, currentPrice: 28 },
      ...{ originSession: '2013-01-02', targetSession: '2013-01-16', logReturn: 0.01, intervals: [], notes: [] },
      ...{ confidence: 0.5, directionProbability: 0.5, madeAt: '2013-01-02T22:00:00.000Z' },
    });
    const answer = { modelId, kind: 'linear', originSession: '2013-03-01', priceTarget: 1, confidence: 0.5 };
    const at = new Date(Date.now() - 86_400_000).toISOString();
    await on.services.predictionLog.append(context, [
      {
        ...{ id: '00000000-0000-0000-0000-000000000001', at, requestId: 'r', principal: 'p', route: '/' },
        ...{ ticker: 'MSFT', horizon: 10, durationMs: 2, answer },
      },
    ]);
  }
});

const placeOf = (point: string) => point.replace(/#\d+$/, '');

function numberOf({ versions }: MlflowView, kind: string): string {
  return versions.find(({ tags }) => tags.kind === kind)!.number;
}

/** Everything that is there is also in the whole, and an alias points to what the whole says. */
function expectBelow(struck: MlflowView | undefined, whole: MlflowView, point: string): void {
  if (struck === undefined) return;
  expect(struck.runs.length, point).toBeLessThanOrEqual(whole.runs.length);
  expect(struck.versions.length, point).toBeLessThanOrEqual(whole.versions.length);
  for (const [alias, number] of Object.entries(struck.aliases)) expect(number, point).toBe(whole.aliases[alias]);
  expect(Object.keys(whole.modelTags), point).toEqual(expect.arrayContaining(Object.keys(struck.modelTags)));
}
