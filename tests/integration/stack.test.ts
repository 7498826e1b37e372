import { mkdtempSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stillRuns } from '../../infra/stack/process-identity.ts';
import { type Stack, forgetState, startStack } from '../../infra/stack/stack.ts';
import type { RunView } from '../../serving/run-view.ts';
import { samplePrices } from '../support/test-universe.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-stack-'));
const env = { ...process.env, STOCKCAST_STATE_DIR: stateDir, STOCKCAST_API_PORT: '0' };
const said: string[] = [];
let seed = 0;
const start = () =>
  startStack({ env, cwd: stateDir, say: (line) => said.push(line), signal: new AbortController().signal });

let stack: Stack;
beforeAll(async () => {
  stack = await start();
  const form = new FormData();
  form.set('file', new Blob([samplePrices()]), 'prices.csv');
  const answer = await fetch(`${stack.addresses.api}/upload`, { method: 'POST', body: form });
  expect(answer.status, await answer.text()).toBeLessThan(300);
});
afterAll(async () => {
  await stack.stop();
  await forgetState(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

describe('the local stack', () => {
  it.each([
    ['the training worker', 'worker (training)'],
    ['the other worker', 'worker (data and orchestration)'],
    ['the API', 'API'],
    ['Temporal', 'Temporal'],
    ['PostgreSQL', 'PostgreSQL'],
  ])('completes a run in which %s is killed, and says that it was restarted', async (_, name) => {
    const run = await train({
      seed: ++seed,
      horizons: [1],
      kinds: ['linear', 'random-forest'],
      parameters: { 'random-forest': { nTrees: 600, maxDepth: null } },
    });
    await until(async () => {
      const view = await get<RunView>(`/runs/${encodeURIComponent(run.run_id)}`);
      return view.progress?.some(({ stages }) =>
        stages?.some(({ stage, status }) => stage === 'train' && status === 'running'),
      );
    });
    const { pid } = stack.processes.find((running) => running.name === name)!;
    process.kill(pid, 'SIGKILL');
    await until(async () => said.includes(`${name} is back`));
    said.length = 0;
    const view = await until(async () => {
      const now = await get<RunView>(`/runs/${encodeURIComponent(run.run_id)}`).catch(() => undefined);
      return now !== undefined && now.status !== 'running' ? now : undefined;
    });
    expect(view).toMatchObject({ status: 'completed' });
  });

  it('has lost no run and no forecast by then', async () => {
    const runs = await get<{ runs: { status: string }[] }>('/runs');
    expect(runs.runs.filter(({ status }) => status !== 'completed')).toEqual([]);
    const before = await get('/predict/AAPL?horizon=1&model=random-forest');
    expect(before).toMatchObject({ ticker: 'AAPL', as_of: '2013-03-01', model: 'random-forest' });
  });

  it('has workers that note what they do at hand, and forget it when it is done', () => {
    // What a killed one was at may be left.
    expect(readdirSync(join(stateDir, 'at-hand')).length).toBeLessThan(20);
  });

  it('refuses to run twice on one state folder', async () => {
    await expect(start()).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining(`runs already, as process ${process.pid}`),
    });
    await expect(forgetState(stateDir).then(() => 'forgot')).rejects.toMatchObject({ code: 'STACK_FAILED' });
  });

  it('leaves no process behind when it stops, and finds everything again when it starts', async () => {
    const before = withoutTimestamp(await get('/predict/MSFT?horizon=1&model=linear'));
    const processes = stack.processes;
    expect(processes).toHaveLength(5);
    await stack.stop();
    expect(processes.filter(stillRuns)).toEqual([]);

    stack = await start();
    expect(withoutTimestamp(await get('/predict/MSFT?horizon=1&model=linear'))).toEqual(before);
  });
});

function withoutTimestamp({ timestamp, ...rest }: Record<string, unknown>): Record<string, unknown> {
  expect(timestamp).toEqual(expect.any(String));
  return rest;
}

async function train(body: object): Promise<{ run_id: string }> {
  const answer = await fetch(`${stack.addresses.api}/train`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(202);
  return JSON.parse(text) as { run_id: string };
}

async function get<T = Record<string, unknown>>(path: string): Promise<T> {
  const answer = await fetch(`${stack.addresses.api}${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function until<T>(probe: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await probe();
    if (found) return found;
    await sleep(150);
  }
  throw new Error(`it did not come about within ${seconds} s; the stack said: ${said.join(' | ')}`);
}
