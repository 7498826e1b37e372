import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/config.ts';
import { codeVersion } from '../../config/code-version.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { stillRuns } from '../../infra/stack/process-identity.ts';
import { type Stack, forgetState, startStack } from '../../infra/stack/stack.ts';
import { type CanonicalProjection, canonicalProjection } from '../../serving/canonical-projection.ts';
import { describeRun, startUniverseTraining } from '../../serving/runs.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { openStores } from '../../stores/open-stores.ts';
import { SMALL_WISH, startPipeline } from '../support/pipeline.ts';
import { eventually } from '../support/redis.ts';
import { TEST_TICKERS, takeInTestUniverse } from '../support/test-universe.ts';

const context = { tenant: 'default', principal: 'tester', clock: { now: () => new Date() } };
const WISH = { ...SMALL_WISH, kinds: ['linear', 'random-forest'] };

/** The main job: takes the test universe in, trains it, and says what came of it. */
async function mainJob(services: Services, temporal: TemporalGateway): Promise<CanonicalProjection> {
  await takeInTestUniverse(services, context);
  const request = { tickers: TEST_TICKERS, maxInFlight: 2 };
  const { run_id } = await startUniverseTraining(services, temporal, context, request, WISH);
  await eventually(async () => (await describeRun(temporal, context, run_id)).status !== 'running');
  expect(await describeRun(temporal, context, run_id)).toMatchObject({ status: 'completed' });
  return canonicalProjection(services, context);
}

describe('the stack with everything real', { timeout: 400_000 }, () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-real-'));
  const env = { ...process.env, STOCKCAST_STATE_DIR: stateDir, STOCKCAST_API_PORT: '0' };
  const said: string[] = [];
  const start = () =>
    startStack({
      env,
      cwd: stateDir,
      say: (line) => said.push(line),
      signal: new AbortController().signal,
      real: true,
    });
  let stack: Stack;
  let real: CanonicalProjection;

  beforeAll(async () => {
    stack = await start();
  }, 400_000);
  afterAll(async () => {
    await stack?.stop();
    await forgetState(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('does the main job with the same canonical projection as the embedded stack, value by value', async () => {
    const config = loadConfig({ STOCKCAST_STATE_DIR: stateDir }, stateDir);
    expect(config.s3?.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const stores = openStores(config);
    const temporal = new TemporalGateway(config.temporal);
    try {
      real = await mainJob(createServices(stores, codeVersion(PROJECT_DIR)), temporal);
    } finally {
      await temporal.close();
      await stores.close();
    }
    const embedded = await startPipeline();
    try {
      expect(await mainJob(embedded.services, embedded.temporal)).toEqual(real);
    } finally {
      await embedded.stop();
    }
  });

  it('kept the objects in MinIO alone, told MLflow of the models, and shares a cache in Redis', async () => {
    expect(existsSync(join(stateDir, 'objects'))).toBe(false);
    expect(readdirSync(join(stateDir, 'minio', 'stockcast', 'default'))).toContain('models');
    const answer = await fetch(`${stack.addresses.api}/predict/AAPL?horizon=1`);
    expect(answer.status).toBe(200);
    const redis = new Redis(stack.addresses.redisUrl!);
    await eventually(async () => (await redis.dbsize()) > 0);
    redis.disconnect();
    const search = `${stack.addresses.mlflowUri}/api/2.0/mlflow/registered-models/search`;
    await eventually(async () => JSON.stringify(await (await fetch(search)).json()).includes('AAPL'));
  });

  it('leaves no process behind when it stops, and finds everything again when it starts', async () => {
    const { processes } = stack;
    expect(processes.map(({ name }) => name)).toEqual(expect.arrayContaining(['Redis', 'MinIO', 'MLflow']));
    await stack.stop();
    expect(processes.filter(stillRuns)).toEqual([]);
    stack = await start();
    const stores = openStores(loadConfig({ STOCKCAST_STATE_DIR: stateDir }, stateDir));
    try {
      expect(await canonicalProjection(createServices(stores, codeVersion(PROJECT_DIR)), context)).toEqual(real);
    } finally {
      await stores.close();
    }
  });
});
