import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_PARKING, PARKED } from '../../domain/parking.ts';
import { QUEUES } from '../../domain/run.ts';
import { type ParkedAnswer, acceptParked, correctParked, listParked } from '../../serving/parked-runs.ts';
import type { TrainingWish } from '../../serving/planning.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const ALL_QUEUES = Object.values(QUEUES);
const WISH: TrainingWish = { ...SMALL_WISH, kinds: ['linear'] };
const ADA = { by: 'Ada', reason: 'the provider sent a new file' };
const LINES = samplePrices(['AAPL', 'GOOG', 'IBM', 'MSFT'], 600).trim().split('\n');

let pipeline: TestPipeline;
let stopWorkers: () => Promise<void>;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  stopWorkers = await pipeline.work(ALL_QUEUES);
});
afterAll(() => pipeline?.stop());

const rowsOf = (...tickers: string[]) => [LINES[0]!, ...LINES.filter((line) => tickers.includes(line.split(',')[0]!))];
/** As if a provider had mixed up the currency on one day in the middle. */
const damaged = (lines: readonly string[], at = 300) =>
  lines.map((line, i) => {
    if (i !== at) return line;
    const [ticker, sector, date, ...values] = line.split(',');
    const volume = values.pop()!;
    return [ticker, sector, date, ...values.map((price) => (Number(price) * 100).toFixed(2)), volume].join(',');
  });
const files = (pricesPath: string) => ({
  pricesPath,
  pricesName: 'fixed.csv',
  onBadRow: 'refuse' as const,
  adjustSplits: false,
});
const takeIn = (lines: readonly string[]) =>
  withFile(`${lines.join('\n')}\n`, (path) => takeInPrices(pipeline.services, pipeline.context, files(path)));
const correct = (runId: string, lines: readonly string[], more: object = {}) =>
  withFile(`${lines.join('\n')}\n`, (path) =>
    correctParked(pipeline.services, pipeline.temporal, pipeline.context, {
      runId,
      files: files(path),
      ...ADA,
      ...more,
    }),
  );
const train = async (ticker: string, wish: Partial<TrainingWish> = {}, asOf?: string) =>
  (
    await startTickerTraining(
      pipeline.services,
      pipeline.temporal,
      pipeline.context,
      ticker,
      { ...WISH, ...wish },
      asOf,
    )
  ).run_id;

/** How a run is parked, once it is. */
async function parked(runId: string): Promise<ParkedAnswer> {
  for (;;) {
    const found = (await listParked(pipeline.temporal, pipeline.context)).parked.find((run) => run.run_id === runId);
    if (found !== undefined) return found;
    const { status, failure } = await describeRun(pipeline.temporal, pipeline.context, runId);
    if (status !== 'running') throw new Error(`the run is ${status}: ${failure?.message}`);
    await sleep(100);
  }
}

describe('a run on bad data', () => {
  let runId: string;

  it('is parked with the reason, and found by it', async () => {
    await takeIn(damaged(rowsOf('AAPL')));
    runId = await train('AAPL');
    const found = await parked(runId);
    expect(found).toMatchObject({ ticker: 'AAPL', stage: 'ingest', code: 'DATA_UNSOUND', acceptable: true });
    expect(found.message).toMatch(/^What is known of AAPL is not fit to learn from: the close of 2011-\d\d-\d\d is/);
    expect(Date.parse(found.gives_up_at) - Date.parse(found.since)).toBe(DEFAULT_PARKING.giveUpAfterMs);
    const { searchAttributes } = await pipeline.temporal.client.workflow.getHandle(runId).describe();
    expect(searchAttributes).toMatchObject({ StockcastStage: [PARKED], StockcastTicker: ['AAPL'] });
    const view = await describeRun(pipeline.temporal, pipeline.context, runId);
    expect(view).toMatchObject({ status: 'running', progress: [{ ticker: 'AAPL', parked: { code: 'DATA_UNSOUND' } }] });
  });

  it.each([
    ['without a name', { by: ' ' }, 'a name and a reason are needed'],
    ['without a reason', { reason: '' }, 'a name and a reason are needed'],
  ])('takes neither a correction nor an acceptance %s, and waits on', async (_, given, problem) => {
    const refusal = { code: 'MENDING_REFUSED', message: `That cannot be taken: ${problem}.` };
    const { temporal, context } = pipeline;
    await expect(correct(runId, rowsOf('AAPL'), given)).rejects.toMatchObject(refusal);
    await expect(acceptParked(temporal, context, { runId, ...ADA, ...given })).rejects.toMatchObject(refusal);
    const handle = temporal.client.workflow.getHandle(runId);
    for (const update of ['correctParked', 'acceptParked']) {
      const sent = handle.executeUpdate(update, { args: [{ ...ADA, ...given }] });
      await expect(sent).rejects.toMatchObject({ cause: { type: 'MENDING_REFUSED', message: problem } });
    }
    expect((await parked(runId)).code).toBe('DATA_UNSOUND');
  });

  it('stores nothing of a corrected file that is refused, and waits on', async () => {
    const broken = rowsOf('AAPL').map((line, i) => (i === 300 ? line.replace(/\d+$/, '-1') : line));
    await expect(correct(runId, broken)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    expect((await parked(runId)).code).toBe('DATA_UNSOUND');
  });

  it('waits on while no worker runs, and forgets nothing', { timeout: 120_000 }, async () => {
    const before = await parked(runId);
    await stopWorkers();
    const { temporal, context } = pipeline;
    expect(await listParked(temporal, context)).toEqual({ parked: [], unanswered: [runId] });
    await expect(acceptParked(temporal, context, { runId, ...ADA })).rejects.toMatchObject({ code: 'MENDING_REFUSED' });
    stopWorkers = await pipeline.work(ALL_QUEUES);
    expect(await parked(runId)).toEqual(before);
  });

  it('is mended by a corrected file, and the ledger says by whom and why', { timeout: 120_000 }, async () => {
    const answer = await correct(runId, rowsOf('AAPL'));
    expect(answer).toMatchObject({ how: 'corrected', runs: [{ run_id: runId, ticker: 'AAPL' }] });
    expect(answer.taken).toMatchObject({ n_restated: 1 });
    const view = await pipeline.ended(runId);
    expect(view.status, JSON.stringify(view.failure)).toBe('completed');
    const said = 'Parked with DATA_UNSOUND, corrected by Ada: the provider sent a new file';
    expect(view.result).toMatchObject({ ticker: 'AAPL', notes: expect.arrayContaining([said]) });
    const [entry] = await pipeline.services.ledger.history(pipeline.context, 'AAPL');
    expect(entry).toMatchObject({ runId, movedLive: true });
    expect(entry!.reasons[0]).toBe(said);
    const { searchAttributes } = await pipeline.temporal.client.workflow.getHandle(runId).describe();
    expect(searchAttributes).toMatchObject({ StockcastStage: ['done'], StockcastTicker: ['AAPL'] });
    expect((await listParked(pipeline.temporal, pipeline.context)).parked).toEqual([]);
  });

  it('takes no correction once it has ended', async () => {
    await expect(correct(runId, rowsOf('AAPL'))).rejects.toMatchObject({
      code: 'MENDING_REFUSED',
      message: 'That cannot be taken: the run has ended already: completed.',
    });
  });
});

describe('a parked run', () => {
  it('goes on with what there is when a person accepts that', { timeout: 120_000 }, async () => {
    await takeIn(damaged(rowsOf('MSFT')));
    const runId = await train('MSFT');
    await parked(runId);
    await acceptParked(pipeline.temporal, pipeline.context, { runId, by: 'Bob', reason: 'it was like that' });
    expect((await pipeline.ended(runId)).status).toBe('completed');
    const [entry] = await pipeline.services.ledger.history(pipeline.context, 'MSFT');
    expect(entry!.reasons[0]).toBe('Parked with DATA_UNSOUND, accepted by Bob: it was like that');
  });

  it('is parked again when the correction does not mend it, and stops at once when it is cancelled', async () => {
    const runId = await train('MSFT', { seed: 8 });
    const before = await parked(runId);
    await correct(runId, damaged(rowsOf('MSFT'), 310));
    for (;;) if ((await parked(runId)).since > before.since) break;
    await cancelRun(pipeline.temporal, pipeline.context, runId);
    expect((await pipeline.ended(runId)).status).toBe('cancelled');
  });

  it('gives up after its time, with the reason', async () => {
    const runId = await train('MSFT', { seed: 9, parking: { ...DEFAULT_PARKING, giveUpAfterMs: 1000 } });
    const { status, failure } = await pipeline.ended(runId);
    expect(status).toBe('failed');
    expect(failure!.code).toBe('GAVE_UP');
    expect(failure!.message).toMatch(
      /^The run of MSFT was parked for 0.000278 hours and nobody mended it: What is known/,
    );
    const { searchAttributes } = await pipeline.temporal.client.workflow.getHandle(runId).describe();
    expect(searchAttributes.StockcastVerdict).toEqual(['failed']);
  });

  it('is none where bad data are to fail, or to be ignored', { timeout: 120_000 }, async () => {
    const failing = await train('MSFT', { seed: 10, parking: { ...DEFAULT_PARKING, onBadData: 'fail' } });
    expect(await pipeline.ended(failing)).toMatchObject({ status: 'failed', failure: { code: 'DATA_UNSOUND' } });
    const ignoring = await train('MSFT', { seed: 11, parking: { ...DEFAULT_PARKING, onBadData: 'ignore' } });
    expect((await pipeline.ended(ignoring)).status).toBe('completed');
  });
});

describe('a run as of a date', () => {
  it('sees no correction learnt later, unless that is said', { timeout: 120_000 }, async () => {
    await takeIn(damaged(rowsOf('IBM')));
    const runId = await train('IBM', {}, '2013-02-15');
    const before = await parked(runId);
    await correct(runId, rowsOf('IBM'));
    for (;;) if ((await parked(runId)).since > before.since) break;
    expect((await parked(runId)).message).toBe(before.message);
    const { services, temporal, context } = pipeline;
    const again = await correctParked(services, temporal, context, { runId, ...ADA, asKnownNow: true });
    expect(again.taken).toBeNull();
    expect(await pipeline.ended(runId)).toMatchObject({ status: 'completed', result: { asOf: '2013-02-15' } });
    expect((await services.ledger.history(context, 'IBM'))[0]!.movedLive).toBe(false);
  });
});

describe('a failed gate', () => {
  const parking = { ...DEFAULT_PARKING, onFailedGate: 'park' as const };
  // Without candidates none passes.
  const nothing = { kinds: [], parking };

  it('parks a run that was told so, until a person accepts that naive serves', { timeout: 120_000 }, async () => {
    await takeIn(rowsOf('GOOG'));
    const runId = await train('GOOG', nothing);
    expect(await parked(runId)).toMatchObject({ stage: 'promote', horizon: 1, code: 'GATE_FAILED', acceptable: true });
    await acceptParked(pipeline.temporal, pipeline.context, { runId, ...ADA });
    expect((await pipeline.ended(runId)).status).toBe('completed');
    const [entry] = await pipeline.services.ledger.history(pipeline.context, 'GOOG');
    expect(entry).toMatchObject({ kind: 'naive', principal: 'Ada' });
    expect(entry!.reasons[0]).toBe('Approved by Ada: the provider sent a new file');
  });

  it('is judged anew on corrected prices', { timeout: 120_000 }, async () => {
    const runId = await train('GOOG', { ...nothing, seed: 8 });
    const before = await parked(runId);
    const [newest] = await pipeline.services.ledger.history(pipeline.context, 'GOOG');
    const changed = rowsOf('GOOG').map((line, i) => (i === 300 ? line.replace(/\d+$/, '9') : line));
    await correct(runId, changed);
    for (;;) if ((await parked(runId)).since > before.since) break;
    await cancelRun(pipeline.temporal, pipeline.context, runId);
    expect((await pipeline.ended(runId)).status).toBe('cancelled');
    expect((await pipeline.services.ledger.history(pipeline.context, 'GOOG'))[0]).toEqual(newest);
  });
});

describe('a run of many tickers', () => {
  it('goes on with the others while some are parked, and shows which', { timeout: 180_000 }, async () => {
    const { services, temporal, context } = pipeline;
    const tickers = ['AAPL', 'GOOG', 'MSFT'];
    await takeIn(damaged(rowsOf('AAPL'), 320));
    const wish = { ...WISH, seed: 12 };
    // One that somebody else has started, which the run of all joins.
    await parked(await train('AAPL', wish));
    const { run_id: runId } = await startUniverseTraining(
      services,
      temporal,
      context,
      { tickers, maxInFlight: 1 },
      wish,
    );
    const stand = async () => (await describeRun(temporal, context, runId)).progress ?? [];
    const of = async (ticker: string) => (await stand()).find((state) => state.ticker === ticker);
    // One at a time: AAPL, the first, must not keep the others from being worked on.
    await expect.poll(() => of('GOOG'), { timeout: 120_000 }).toMatchObject({ status: 'completed' });
    await expect.poll(() => of('MSFT'), { timeout: 60_000 }).toMatchObject({ parked: { code: 'DATA_UNSOUND' } });
    expect(await of('AAPL')).toMatchObject({ status: 'running', parked: { code: 'DATA_UNSOUND' } });

    await expect(correct(runId, rowsOf('GOOG'), { ticker: 'GOOG' })).rejects.toMatchObject({
      message: 'That cannot be taken: GOOG is not parked in this run.',
    });
    const answer = await correct(runId, rowsOf('AAPL'));
    expect(answer.runs.map(({ ticker }) => ticker)).toEqual(['AAPL']);
    await acceptParked(temporal, context, { runId, ticker: 'MSFT', ...ADA });
    const view = await pipeline.ended(runId);
    expect(view.result).toMatchObject({ outcomes: tickers.map(() => ({ status: 'completed' })) });
  });
});
