import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ProcessRecord, stillRuns } from '../../infra/stack/process-identity.ts';
import { forgetState } from '../../infra/stack/stack.ts';
import { samplePrices } from '../support/test-universe.ts';

const BIN = fileURLToPath(new URL('../../cli/stockcast.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'stockcast-up-'));
const stateDir = join(dir, 'state');
const prices = (name: string, tickers: readonly string[], sessions: number) => {
  const path = join(dir, name);
  writeFileSync(path, samplePrices(tickers, sessions));
  return path;
};
const small = prices('small.csv', ['AAPL'], 120);
/** Trained for seconds, in which it can be killed. */
const large = prices('large.csv', ['AAPL'], 600);

/** `up` in a process of its own, as a person runs it. */
class Up {
  text = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(...args: readonly string[]) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.child = spawn(process.execPath, [BIN, 'up', '--horizons', '1', ...args], {
      env: { ...env, STOCKCAST_STATE_DIR: stateDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(code ?? signal!)));
    running.push(this);
  }

  async says(pattern: RegExp): Promise<void> {
    await vi.waitFor(() => expect(this.text).toMatch(pattern), { timeout: 90_000, interval: 20 });
  }

  /** Sends Ctrl-C, and returns the exit code and the seconds until the end. */
  async interrupt(): Promise<{ code: number | NodeJS.Signals; seconds: number }> {
    const started = performance.now();
    this.child.kill('SIGINT');
    const code = await this.ended;
    return { code, seconds: (performance.now() - started) / 1000 };
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

const running: Up[] = [];
const recorded = () => JSON.parse(readFileSync(join(stateDir, 'processes.json'), 'utf8')) as ProcessRecord[];

/** Processes that were given this test's state folder, whoever started them. */
function processesHere(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isHere = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`STOCKCAST_STATE_DIR=${stateDir}\0`);
        return isHere ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
      } catch {
        // It has ended meanwhile, or is somebody else's.
        return [];
      }
    });
}

function expectNothingRuns(records: readonly ProcessRecord[]): void {
  expect(records.filter(stillRuns)).toEqual([]);
  expect(processesHere()).toEqual([]);
  expect(() => recorded()).toThrow('ENOENT');
}

afterEach(async () => {
  for (const up of running.splice(0)) await up.kill();
});
afterAll(async () => {
  await forgetState(stateDir);
  rmSync(dir, { recursive: true, force: true });
});

// Each starts whole stacks, one after the other.
describe('up', { timeout: 180_000 }, () => {
  let firstForecasts: string;
  beforeAll(async () => {
    const first = new Up('--once', '--csv', small);
    expect(await first.ended, first.text).toBe(0);
    firstForecasts = forecasts(first);
  });

  it('whose supervisor alone is killed is cleaned up after by the next, which trains nothing again', async () => {
    const served = new Up('--csv', small);
    await served.says(/serving until Ctrl-C/);
    const records = recorded();
    await served.kill();
    expect(records.filter(stillRuns)).toHaveLength(5);

    const next = new Up('--once', '--csv', small);
    expect(await next.ended, next.text).toBe(0);
    expect(next.text).toMatch(/ending what an earlier run left behind: .*API/);
    expect(next.text).toMatch(/^run .*: nothing has changed since$/m);
    expect(next.text).not.toContain('train running');
    expect(forecasts(next)).toBe(firstForecasts);
    expectNothingRuns(records);
  });

  it('that is killed as a whole in mid-training completes the run the next time', async () => {
    const killed = new Up('--csv', large);
    await killed.says(/train running/);
    const records = recorded();
    killed.child.kill('SIGKILL');
    for (const { pid } of records) process.kill(pid, 'SIGKILL');
    await killed.ended;
    const run = runOf(killed);

    const next = new Up('--once', '--csv', large);
    expect(await next.ended, next.text).toBe(0);
    expect(runOf(next)).toBe(run);
    expect(next.text).toMatch(/^run .*: (joined, since it was under way|nothing has changed since)$/m);
    expect(next.text).toMatch(/ready in/);
    expectNothingRuns(records);
  });

  it.each<[string, RegExp, readonly string[]]>([
    ['the stack starts', /starting the local stack/, ['--csv', small]],
    ['it trains', /train running/, ['--csv', large, '--horizons', '2']],
    ['it serves', /serving until Ctrl-C/, ['--csv', small]],
  ])('ends soon on Ctrl-C while %s, and leaves nothing running', async (stage, pattern, args) => {
    const up = new Up(...args);
    await up.says(pattern);
    const records = await vi.waitFor(recorded, { timeout: 20_000, interval: 5 });
    const { code, seconds } = await up.interrupt();
    expect(code, up.text).toBe(stage === 'it serves' ? 0 : 130);
    expect(seconds).toBeLessThan(15);
    expectNothingRuns(records);
  });
});

function runOf({ text }: Up): string | undefined {
  const run = /^run (train-universe\S+?):/m.exec(text)?.[1];
  expect(run).toBeDefined();
  return run;
}

function forecasts({ text }: Up): string {
  const line = /^AAPL +2013-03-01 .*$/m.exec(text)?.[0];
  expect(line, text).toBeDefined();
  return line!;
}
