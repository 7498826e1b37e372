import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { commandLine } from '../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { samplePrices } from '../tests/support/test-universe.ts';

const GOOD = samplePrices(['AAPL'], 300);
/** One day's prices a hundredfold, as if in cents. */
const BAD = GOOD.split('\n')
  .map((line, i) => (i === 150 ? line.replace(/(\d+\.\d+)/g, (price) => (Number(price) * 100).toFixed(2)) : line))
  .join('\n');

let pipeline: TestPipeline;
let api: RunningApi;
beforeAll(async () => {
  pipeline = await startPipeline();
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);
const send = (path: string, fields: Readonly<Record<string, string>>, file?: string) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file !== undefined) form.append('file', new Blob([file]), 'fixed.csv');
  return get(path, { method: 'POST', body: form });
};
const stockcast = (...args: readonly string[]) =>
  commandLine(args, {
    DATABASE_URL: pipeline.databaseUrl,
    TEMPORAL_ADDRESS: pipeline.at.address,
    TEMPORAL_NAMESPACE: pipeline.at.namespace,
    STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
    STOCKCAST_STATE_DIR: `${pipeline.objectsDir}/state`,
    STOCKCAST_PRINCIPAL: 'operator',
  });

/** Trains on what is known, which parks the run. */
async function park(seed: number): Promise<string> {
  const { run_id: id } = (await get('/train/AAPL', json({ horizons: [1], kinds: ['linear'], seed }))).body;
  const ids = async () => (await get('/runs/parked')).body.parked.map((run: { run_id: string }) => run.run_id);
  await expect.poll(ids, { timeout: 60_000, interval: 200 }).toContain(id);
  return id;
}

async function ended(id: string) {
  const status = async () => (await get(`/runs/${id}`)).body.status;
  await expect.poll(status, { timeout: 60_000, interval: 200 }).not.toBe('running');
  return (await get(`/runs/${id}`)).body;
}

describe('a parked run', { timeout: 120_000 }, () => {
  test('is found, and goes on by what is sent over HTTP', async () => {
    expect((await send('/upload', {}, BAD)).status).toBe(200);
    const id = await park(1);
    const [run] = (await get('/runs/parked')).body.parked;
    expect(run).toMatchObject({ run_id: id, ticker: 'AAPL', code: 'DATA_UNSOUND', horizon: null, acceptable: true });
    expect((await get(`/runs/${id}`)).body.progress).toMatchObject([{ parked: { message: run.message } }]);

    expectProblem(await send(`/runs/${id}/correct`, { by: '' }, GOOD), 'MENDING_REFUSED');
    expectProblem(await send(`/runs/${id}/correct`, {}, GOOD.replace('2012', '12')), 'FILE_REFUSED');
    expectProblem(await send(`/runs/${id}/correct`, { ticker: 'MSFT' }, GOOD), 'MENDING_REFUSED');
    expectProblem(await get(`/runs/${id}/accept`, json({ by: 'Ada' })), 'REQUEST_INVALID');
    expectProblem(await send('/runs/train/default/AAPL/none/correct', {}, GOOD), 'RUN_UNKNOWN');
    const foreign = await send(`/runs/${id}/correct`, {}, samplePrices(['MSFT'], 300));
    expect(expectProblem(foreign, 'MENDING_REFUSED').detail).toContain(
      'fixed.csv has no rows of AAPL, but of MSFT; nothing was stored',
    );
    expectProblem(await get('/features/MSFT'), 'TICKER_UNKNOWN');

    const accepted = await get(`/runs/${id}/accept`, json({ by: 'Ada', reason: 'the jump was real' }));
    expect(accepted.body).toEqual({
      how: 'accepted',
      by: 'Ada',
      reason: 'the jump was real',
      runs: [{ run_id: id, ticker: 'AAPL' }],
      taken: null,
    });
    expect((await ended(id)).status).toBe('completed');
    expectProblem(await get(`/runs/${id}/accept`, json({ by: 'Ada', reason: 'again' })), 'MENDING_REFUSED');

    const corrected = await park(2);
    const answer = await send(`/runs/${corrected}/correct`, { by: 'Ada' }, GOOD);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body).toMatchObject({
      how: 'corrected',
      reason: 'corrected with fixed.csv',
      taken: { n_restated: 1 },
    });
    const view = await ended(corrected);
    expect(view).toMatchObject({ status: 'completed', result: { promotions: [{ horizon: 1 }] } });
    expect(view.result.notes[0]).toBe('Parked with DATA_UNSOUND, corrected by Ada: corrected with fixed.csv');
    expect((await get('/runs/parked')).body).toEqual({ parked: [], unanswered: [] });
  });

  test('is told to whoever waits for it, and goes on by the command line', async () => {
    expect((await send('/upload', {}, BAD)).status).toBe(200);
    const waiting = stockcast('train', 'AAPL', '--horizons', '1', '--kinds', 'linear', '--seed', '3');
    const parked = async () => JSON.parse((await stockcast('runs', 'parked', '--json')).stdout).parked;
    await expect.poll(parked, { timeout: 60_000, interval: 500 }).toHaveLength(1);
    const [{ run_id: id }] = await parked();
    const listed = (await stockcast('runs', 'parked')).stdout;
    for (const shown of [listed, (await stockcast('runs', 'show', id)).stdout]) {
      expect(shown).toMatch(
        /parked until \d{4}-\d\d-\d\d \d\d:\d\d UTC: What is known of AAPL is not fit to learn from/,
      );
      expect(shown).toContain(`npx stockcast runs correct ${id} --csv FILE`);
      expect(shown).toContain(`npx stockcast runs accept ${id} --reason TEXT`);
    }
    const path = join(pipeline.objectsDir, 'fixed.csv');
    writeFileSync(path, GOOD);
    const given = await stockcast('runs', 'correct', id, '--csv', path);
    expect(given.stderr).toBe('');
    expect(given.stdout).toContain('fixed.csv: 300 sessions of AAPL: 0 new, 299 known already, 1 restated');
    expect(given.stdout).toContain(`${id}: corrected by operator; it starts over`);
    const { stdout, stderr, code } = await waiting;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`npx stockcast runs correct ${id} --csv FILE`);
    expect(stdout).toContain('note: Parked with DATA_UNSOUND, corrected by operator: corrected with fixed.csv');
    expect((await stockcast('runs', 'parked')).stdout).toBe('No run is parked.\n');
  });
});
