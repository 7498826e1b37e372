import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUEUES } from '../domain/run.ts';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { commandLine } from '../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { approvalsEndpoint, verdictEndpoint } from './routes/approvals.ts';
import { runsEndpoints } from './routes/runs.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await pipeline.work(Object.values(QUEUES));
  await takeInTestUniverse(pipeline.services, pipeline.context);
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);
const stockcast = (...args: readonly string[]) =>
  commandLine(args, {
    DATABASE_URL: pipeline.databaseUrl,
    TEMPORAL_ADDRESS: pipeline.at.address,
    TEMPORAL_NAMESPACE: pipeline.at.namespace,
    TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
    STOCKCAST_STATE_DIR: `${pipeline.objectsDir}/state`,
    STOCKCAST_REQUIRE_APPROVAL: 'true',
  });

async function waiting(runId: string) {
  await expect
    .poll(async () => (await get('/approvals')).body.approvals.map(({ run_id }: { run_id: string }) => run_id), {
      timeout: 60_000,
      interval: 200,
    })
    .toContain(runId);
  return (await get('/approvals')).body;
}

describe('a run that needs approval', { timeout: 120_000 }, () => {
  test('is started, found and approved over HTTP', async () => {
    const options = { horizons: [1], kinds: ['linear'], require_approval: true };
    const { run_id } = (await get('/train/AAPL', json(options))).body;
    const found = await waiting(run_id);
    expect(approvalsEndpoint.answer.schema.parse(found)).toEqual(found);
    const [{ certificate_id }] = found.approvals;
    expect((await get(`/certificates/${certificate_id}`)).status).toBe(200);
    const run = (await get(`/runs/${run_id}`)).body;
    expect(runsEndpoints.find(({ path }) => path === '/runs/*id')!.answer.schema.parse(run)).toEqual(run);
    expect(run.progress).toMatchObject([{ awaiting_approval: [{ horizon: 1, model: found.approvals[0].model }] }]);
    const { runs } = (await get('/runs')).body;
    expect(runs).toMatchObject([{ run_id, status: 'running', stage: 'awaiting-approval' }]);
    expect((await stockcast('runs')).stdout).toMatch(new RegExp(`^${run_id} +awaiting-approval `, 'm'));

    const verdict = { horizon: 1, verdict: 'approve', by: 'Ada', reason: 'good figures' };
    const nameless = await get(`/runs/${run_id}/verdict`, json({ ...verdict, by: '' }));
    expect(expectProblem(nameless, 'VERDICT_REFUSED').detail).toContain('needs a name and a reason');
    for (const [field, wrong] of [
      ['by', { ...verdict, by: undefined }],
      ['verdict', { ...verdict, verdict: 'yes' }],
    ] as const) {
      const problem = expectProblem(await get(`/runs/${run_id}/verdict`, json(wrong)), 'REQUEST_INVALID');
      expect(problem.detail).toContain(`body.${field}`);
    }
    const taken = await get(`/runs/${run_id}/verdict`, json(verdict));
    expect([taken.status, taken.body]).toEqual([
      200,
      { run_id, horizon: 1, approved: true, by: 'Ada', reason: 'good figures' },
    ]);
    expect(verdictEndpoint.answer.schema.parse(taken.body)).toEqual(taken.body);
    await pipeline.ended(run_id);
    expectProblem(await get(`/runs/${run_id}/verdict`, json(verdict)), 'VERDICT_REFUSED');
    expectProblem(await get('/runs/train/default/X/none/verdict', json(verdict)), 'RUN_UNKNOWN');
  });

  test('is found, shown and rejected on the command line, where the settings ask for approval', async () => {
    const started = await stockcast('train', 'MSFT', '--horizons', '1', '--kinds', 'linear', '--no-wait', '--json');
    const { run_id } = JSON.parse(started.stdout);
    await waiting(run_id);
    const listed = await stockcast('runs', 'approvals');
    expect(listed.stdout).toMatch(/^MSFT, 1 session: naive is to serve, where nothing serves yet\n/);
    expect(listed.stdout).toContain(`npx stockcast runs approve ${run_id} --horizon 1 --by NAME --reason TEXT`);
    expect(JSON.parse((await stockcast('runs', 'approvals', '--json')).stdout)).toEqual((await get('/approvals')).body);
    expect((await stockcast('runs', 'show', run_id)).stdout).toContain(
      'MSFT  waits for a verdict on naive, 1 session:',
    );

    const args = ['--horizon', '1', '--by', 'Ada', '--reason', 'not now'];
    expect(await stockcast('runs', 'reject', run_id, ...args)).toEqual({
      stdout: `${run_id}, 1 session: rejected by Ada\n`,
      stderr: '',
      code: 0,
    });
    await pipeline.ended(run_id);
    expect(await stockcast('runs', 'approve', run_id, ...args)).toMatchObject({
      code: 1,
      stderr: 'error VERDICT_REFUSED: The verdict cannot be taken: the run has ended already: completed.\n',
    });
    expect((await stockcast('runs', 'approvals')).stdout).toBe('Nothing waits for a verdict.\n');
  });
});
