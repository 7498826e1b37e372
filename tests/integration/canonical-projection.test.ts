import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CanonicalProjection, canonicalProjection } from '../../serving/canonical-projection.ts';
import { startUniverseTraining } from '../../serving/runs.ts';
import { Database } from '../../stores/postgres/database.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { TEST_TICKERS, takeInTestUniverse } from '../support/test-universe.ts';

const WISH = {
  ...SMALL_WISH,
  horizons: [1, 10],
  kinds: ['linear', 'pooled-linear', 'random-forest'],
  search: { trials: 2 },
};

/** Takes the test universe in, trains it, and says what came of it. */
async function universeRun(pipeline: TestPipeline): Promise<CanonicalProjection> {
  const { services, temporal, context } = pipeline;
  await takeInTestUniverse(services, context);
  const request = { tickers: TEST_TICKERS, maxInFlight: 2 };
  const { run_id } = await startUniverseTraining(services, temporal, context, request, WISH);
  expect(await pipeline.ended(run_id)).toMatchObject({ status: 'completed' });
  return canonicalProjection(services, context);
}

describe('the same universe on two databases, object folders and namespaces', { timeout: 180_000 }, () => {
  let pipelines: TestPipeline[];
  let projections: CanonicalProjection[];
  beforeAll(async () => {
    pipelines = [await startPipeline(), await startPipeline()];
    projections = [];
    for (const pipeline of pipelines) projections.push(await universeRun(pipeline));
  });
  afterAll(() => Promise.all(pipelines.map((pipeline) => pipeline.stop())));

  it('gives the same canonical projection, value by value', () => {
    const [first, second] = projections;
    expect(second).toEqual(first);
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  });

  it('is projected whole: models, certificates, promotions and forecasts of every ticker and horizon', () => {
    const names = Object.keys(projections[0]!);
    expect(names).toEqual([...names].sort());
    for (const ticker of TEST_TICKERS) {
      expect(names).toContain(`${ticker}/bars`);
      for (const horizon of WISH.horizons) {
        for (const kind of [...WISH.kinds, 'naive', 'drift']) {
          expect(names).toContain(`${ticker}/model/${horizon}/${kind}@1`);
          expect(names).toContain(`${ticker}/certificate/${horizon}/${kind}@1`);
        }
        expect(names).toContain(`${ticker}/promotion/${horizon}/0001`);
        expect(names).toContain(`${ticker}/trial/${horizon}/random-forest/0001`);
        expect(names.filter((name) => name.startsWith(`${ticker}/forecast/${horizon}/`))).toHaveLength(1);
        expect(names).toContain(`pool/model/${horizon}/pooled-linear@1`);
      }
    }
  });

  it('names neither ids nor times nor places', async () => {
    const text = JSON.stringify(projections[0]);
    expect(text).not.toMatch(/\d{4}-\d\d-\d\dT\d\d:/);
    expect(text).not.toMatch(/train(-universe)?\/default|models\/|127\.0\.0\.1/);
    const { services, context } = pipelines[0]!;
    for (const { id } of await services.registry.standings(context, TEST_TICKERS[0]!, 1))
      expect(text).not.toContain(id);
  });

  it.each([
    [
      'a forecast',
      sql`update forecast set log_return = log_return + 1e-9 where ticker = 'AAPL' and horizon = 10`,
      /^AAPL\/forecast\/10\//,
    ],
    [
      'a reason',
      sql`update promotion set reasons = '["otherwise"]' where ticker = 'MSFT' and horizon = 1`,
      /^MSFT\/promotion\/1\/0001$/,
    ],
    [
      'a figure',
      sql`update model set evaluation = jsonb_set(evaluation::jsonb, '{model,rmse}', '0.5')::json where ticker = 'MSFT' and horizon = 1 and kind = 'drift'`,
      /^MSFT\/model\/1\/drift@1$/,
    ],
  ])('shows %s that is another, and nothing else', async (_, change, name) => {
    const { services, context, databaseUrl } = pipelines[1]!;
    const before = await canonicalProjection(services, context);
    const database = new Database(databaseUrl, { poolSize: 1, statementTimeoutMs: 30_000 });
    await database.run((db) => change.execute(db));
    await database.close();
    const after = await canonicalProjection(services, context);
    const differing = Object.keys(before).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(differing).toEqual([expect.stringMatching(name)]);
  });
});
