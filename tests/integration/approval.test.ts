import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AWAITING_APPROVAL, QUEUES } from '../../domain/run.ts';
import { type ApprovalAnswer, listApprovals, sendVerdict } from '../../serving/approvals.ts';
import type { TrainingWish } from '../../serving/planning.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';

const ALL_QUEUES = Object.values(QUEUES);
const WISH: TrainingWish = { ...SMALL_WISH, kinds: ['linear'], requireApproval: true };
const VERDICT = { horizon: 1, by: 'Ada', reason: 'the figures convince me' };

let pipeline: TestPipeline;
let stopWorkers: () => Promise<void>;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  stopWorkers = await pipeline.work(ALL_QUEUES);
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(() => pipeline.stop());

const train = (ticker: string, wish: TrainingWish = WISH) =>
  startTickerTraining(pipeline.services, pipeline.temporal, pipeline.context, ticker, wish);
const verdict = (runId: string, given: Partial<typeof VERDICT> & { approve: boolean }) =>
  sendVerdict(pipeline.temporal, pipeline.context, runId, { ...VERDICT, ...given });
const history = (ticker: string) => pipeline.services.ledger.history(pipeline.context, ticker);

/** What waits for a verdict of a run, once it does. */
async function waiting(runId: string): Promise<ApprovalAnswer> {
  for (let tries = 0; tries < 300; tries++) {
    const { approvals } = await listApprovals(pipeline.temporal, pipeline.context);
    const found = approvals.find(({ run_id }) => run_id === runId);
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('the run did not come to wait for a verdict');
}

describe('a run that needs approval', () => {
  let runId: string;
  let asked: ApprovalAnswer;

  it('says what it waits for, and with which certificate and reasons', async () => {
    runId = (await train('AAPL')).run_id;
    asked = await waiting(runId);
    const { ticker, horizon, serving, model, model_id, reasons, certificate_id } = asked;
    expect({ ticker, horizon, serving }).toEqual({ ticker: 'AAPL', horizon: 1, serving: null });
    expect(reasons.length).toBeGreaterThan(1);
    const { services, temporal, context } = pipeline;
    expect(await services.registry.find(context, model_id)).toMatchObject({
      kind: model,
      certificate: { id: certificate_id },
    });
    const view = await describeRun(temporal, context, runId);
    expect(view).toMatchObject({ status: 'running', progress: [{ awaiting_approval: [{ horizon: 1, model }] }] });
    const { searchAttributes } = await temporal.client.workflow.getHandle(runId).describe();
    expect(searchAttributes.StockcastStage).toEqual([AWAITING_APPROVAL]);
    expect(await history('AAPL')).toEqual([]);
  });

  it.each([
    ['without a name', { by: ' ' }, 'a verdict needs a name and a reason'],
    ['without a reason', { reason: '' }, 'a verdict needs a name and a reason'],
    ['on another horizon', { horizon: 10 }, 'no decision for 10 sessions waits for a verdict'],
  ])('refuses a verdict %s, and waits on', async (_, given, problem) => {
    await expect(verdict(runId, { approve: true, ...given })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
      message: `The verdict cannot be taken: ${problem}.`,
    });
    expect(await waiting(runId)).toEqual(asked);
  });

  it('waits on while no worker runs, and is listed as unanswered then', { timeout: 60_000 }, async () => {
    await stopWorkers();
    expect(await listApprovals(pipeline.temporal, pipeline.context)).toEqual({ approvals: [], unanswered: [runId] });
    await expect(verdict(runId, { approve: true })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
      message: 'The verdict cannot be taken: no worker answers; start one and send it again.',
    });
    stopWorkers = await pipeline.work(ALL_QUEUES);
    expect(await waiting(runId)).toEqual(asked);
  });

  it('puts the model into service when it is approved, with name and reason in the ledger', async () => {
    expect(await verdict(runId, { approve: true })).toEqual({ run_id: runId, approved: true, ...VERDICT });
    expect((await pipeline.ended(runId)).status).toBe('completed');
    const [entry] = await history('AAPL');
    expect(entry).toMatchObject({
      modelId: asked.model_id,
      certificateId: asked.certificate_id,
      movedLive: true,
      principal: 'Ada',
      reasons: ['Approved by Ada: the figures convince me', ...asked.reasons],
    });
    expect((await listApprovals(pipeline.temporal, pipeline.context)).approvals).toEqual([]);
  });

  it('refuses a second verdict', async () => {
    await expect(verdict(runId, { approve: false })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
      message: 'The verdict cannot be taken: the run has ended already: completed.',
    });
    expect(await history('AAPL')).toHaveLength(1);
  });

  it('does not ask when what serves serves on', async () => {
    // Another run, in which naive, the one that serves, is chosen from the baselines alone.
    expect(asked.model).toBe('naive');
    const again = await train('AAPL', { ...WISH, kinds: [] });
    const view = await pipeline.ended(again.run_id);
    expect(view.status).toBe('completed');
    expect((await history('AAPL'))[0]).toMatchObject({ runId: again.run_id, movedLive: false });
  });
});

describe('a decision that is rejected', () => {
  it('leaves in service what served, and is in the ledger with name and reason', async () => {
    const before = await pipeline.services.ledger.production(pipeline.context, 'AAPL', 1);
    // Another seed makes another model of every kind, so that whichever is chosen is not the one that serves.
    const { run_id: runId } = await train('AAPL', { ...WISH, seed: 8 });
    const asked = await waiting(runId);
    expect(asked.serving).toEqual({ model: before!.kind, model_id: before!.modelId });
    expect(asked.otherwise).toEqual(asked.serving);
    await verdict(runId, { approve: false, reason: 'not before the earnings' });
    expect((await pipeline.ended(runId)).result).toMatchObject({ promotions: [{ modelId: before!.modelId }] });
    expect(await pipeline.services.ledger.production(pipeline.context, 'AAPL', 1)).toEqual(before);
    const [entry] = await history('AAPL');
    expect(entry).toMatchObject({ runId, modelId: before!.modelId, movedLive: false, principal: 'Ada' });
    expect(entry!.reasons[0]).toBe('Rejected by Ada: not before the earnings');
  });

  it('leaves naive to serve where nothing did', async () => {
    const { run_id: runId } = await train('MSFT');
    const asked = await waiting(runId);
    expect(asked).toMatchObject({ serving: null, otherwise: { model: 'naive' } });
    await verdict(runId, { approve: false });
    await pipeline.ended(runId);
    expect(await history('MSFT')).toMatchObject([{ kind: 'naive', movedLive: true, principal: 'Ada' }]);
  });
});

describe('runs of many tickers', () => {
  it('show which of their tickers wait, and take no verdict themselves', async () => {
    const { services, temporal, context } = pipeline;
    const wish = { ...WISH, seed: 9 };
    const started = await startUniverseTraining(services, temporal, context, { maxInFlight: 2 }, wish);
    const { run_id: universe } = started;
    await expect(verdict(universe, { approve: true })).rejects.toMatchObject({ code: 'VERDICT_REFUSED' });
    const children = async () => (await describeRun(temporal, context, universe)).progress ?? [];
    await expect
      .poll(async () => (await children()).flatMap(({ awaiting_approval: awaiting = [] }) => awaiting).length, {
        timeout: 60_000,
      })
      .toBe(2);
    const [first, second] = (await children()).map(({ run_id }) => run_id!) as [string, string];
    await verdict(first, { approve: true });
    await cancelRun(temporal, context, second);
    const { status, result } = await pipeline.ended(universe);
    expect(status).toBe('completed');
    expect(result).toMatchObject({
      outcomes: expect.arrayContaining([
        expect.objectContaining({ workflowId: first, status: 'completed' }),
        expect.objectContaining({ workflowId: second, status: 'failed' }),
      ]),
    });
  });

  it('that there are not are unknown', async () => {
    await expect(verdict('train/default/AAPL/none', { approve: true })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    await expect(verdict('train/other/AAPL/none', { approve: true })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });
});
