import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProcessDouble, commandLine } from '../../tests/support/command-line.ts';
import { startApi } from '../../tests/support/running-api.ts';
import { type TestDatabase, freshDatabase } from '../../tests/support/postgres.ts';
import { freshNamespace } from '../../tests/support/temporal.ts';
import { samplePrices } from '../../tests/support/test-universe.ts';
import { TextSink } from '../../tests/support/text-sink.ts';
import { QUEUES } from '../../domain/run.ts';
import { type RunningWorkers, createWorkers } from '../../workers/run-workers.ts';
import { composeParts } from '../composition.ts';
import type { Parts, RunningStack } from '../parts.ts';
import { RETRAINING } from '../../tests/support/retraining-settings.ts';

const TENANT = 'cli-tests';
const TINY = ['--horizons', '1', '--kinds', 'linear'];

let database: TestDatabase;
let temporal: { address: string; namespace: string };
let dir: string;
let workers: RunningWorkers;
let working: Promise<void>;
let workerParts: Parts;

const env = () => ({
  DATABASE_URL: database.url,
  TEMPORAL_ADDRESS: temporal.address,
  TEMPORAL_NAMESPACE: temporal.namespace,
  STOCKCAST_STATE_DIR: dir,
  STOCKCAST_TENANT: TENANT,
});

/** Runs a command over real stores and a real Temporal. */
const stockcast = (args: readonly string[], change?: (parts: Parts, process: ProcessDouble) => Parts) =>
  commandLine(args, env(), change);

beforeAll(async () => {
  [database, temporal] = await Promise.all([freshDatabase(), freshNamespace()]);
  dir = mkdtempSync(join(tmpdir(), 'stockcast-commands-'));
  writeFileSync(join(dir, 'prices.csv'), samplePrices(['AAPL', 'MSFT'], 300));
  writeFileSync(join(dir, 'short.csv'), samplePrices(['AAPL', 'IBM'], 300).replace(/(IBM,.*\n){280}/, ''));
  const [stdout, stderr, process] = [new TextSink(), new TextSink(), new ProcessDouble()];
  workerParts = composeParts({ env: env(), cwd: dir, stdout, stderr, process });
  workers = await createWorkers(Object.values(QUEUES), {
    services: await workerParts.services(),
    temporal: await workerParts.temporal(),
    address: temporal.address,
    namespace: temporal.namespace,
    trainingSlots: 2,
    retraining: RETRAINING,
    shutdownGraceMs: 1000,
  });
  working = workers.run();
});

afterAll(async () => {
  workers?.shutdown();
  await working;
  await workerParts?.close();
  rmSync(dir, { recursive: true, force: true });
  await database?.drop();
});

/** A stack whose parts the test run has started already. */
const runningStack = (parts: Parts, failed: Promise<Error> = new Promise(() => undefined)): Parts => ({
  ...parts,
  startStack: async ({ say }): Promise<RunningStack> => {
    say('the stack is up');
    const addresses = { api: 'http://127.0.0.1:3000', temporalUi: 'http://127.0.0.1:8233' };
    return { addresses, failed, stop: async () => undefined };
  },
});

/** An output that does something as soon as it is said that the stack serves. */
const whenServing =
  (parts: Parts, then: () => void): Parts['output'] =>
  (options) => {
    const output = parts.output(options);
    const say = output.say.bind(output);
    output.say = (line) => {
      say(line);
      if (line.startsWith('serving')) setTimeout(then, 10);
    };
    return output;
  };

describe.sequential('from an empty store to forecasts', { timeout: 120_000 }, () => {
  let runId: string;

  test('nothing is known at first', async () => {
    expect((await stockcast(['tickers'])).stdout).toContain('npx stockcast upload FILE');
    expect((await stockcast(['leaderboard'])).stdout).toContain('npx stockcast train');
    expect(await stockcast(['predict', 'AAPL'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('TICKER_UNKNOWN'),
    });
  });

  test('upload adds prices, and the same again adds nothing', async () => {
    const path = join(dir, 'prices.csv');
    expect(await stockcast(['upload', path])).toMatchObject({ code: 0, stdout: expect.stringContaining('600 new') });
    const again = await stockcast(['upload', path, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ file: 'prices.csv', accepted_rows: 600, unchanged: 600 });
    expect(JSON.parse((await stockcast(['tickers', '--json'])).stdout)).toMatchObject({
      tickers: [
        { ticker: 'AAPL', sessions: 300 },
        { ticker: 'MSFT', sessions: 300 },
      ],
    });
  });

  test('an upload that is called off is no failure, and stores nothing', async () => {
    const args = ['upload', join(dir, 'short.csv')];
    const { code, stderr, stdout } = await stockcast(args, (parts, process) => ({
      ...parts,
      interruption: () => {
        const interruption = parts.interruption();
        process.emit('SIGINT');
        return interruption;
      },
    }));
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toBe('error INTERRUPTED: stopped; nothing was stored\n');
    expect((await stockcast(['tickers'])).stdout).not.toContain('IBM');
  });

  test('a refused file names its line and stores nothing', async () => {
    const path = join(dir, 'bad.csv');
    writeFileSync(path, samplePrices(['AAPL'], 3).replace(/,\d+\.\d+,/, ',-1,'));
    const { code, stderr, stdout } = await stockcast(['upload', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('error FILE_REFUSED: bad.csv was refused and nothing was stored: line 2');
    expect(await stockcast(['upload', path, '--skip-bad-rows'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rejected: line 2'),
    });
  });

  test('train follows a run to its end and shows the leaderboard', async () => {
    const { code, stdout, stderr } = await stockcast(['train', 'AAPL', ...TINY]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    runId = /run (\S+): started/.exec(stdout)![1]!;
    expect(runId).toMatch(new RegExp(`^train/${TENANT}/AAPL/2013-03-01/`));
    expect(stdout).toContain(`${runId}  completed`);
    expect(stdout).toMatch(/naive +0\.\d{5}/);
    expect(stdout).toMatch(/linear +0\.\d{5}/);
  });

  test('the same again joins the run that is there', async () => {
    const { stdout } = await stockcast(['train', 'AAPL', ...TINY, '--no-wait', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ run_id: runId, joined: true, status: 'completed' });
    expect((await stockcast(['train', 'AAPL', ...TINY, '--no-wait'])).stdout).toContain(
      `npx stockcast runs show ${runId}`,
    );
  });

  test('predict answers by the promoted model or the one that is named', async () => {
    expect((await stockcast(['predict', 'aapl', '--horizon', '1'])).stdout).toMatch(
      /AAPL +2013-03-01 +430\.47 +1 +2013-03-04/,
    );
    const { stdout } = await stockcast(['predict', 'AAPL', '--horizon', '1', '--model', 'linear', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ticker: 'AAPL', current_price: 430.47, horizon: 1, model: 'linear' });
  });

  test('of several tickers one may fail alone', async () => {
    const { code, stdout, stderr } = await stockcast(['predict', 'AAPL', 'MSFT', '--horizon', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      results: [
        { ticker: 'AAPL', result: { ticker: 'AAPL' } },
        { ticker: 'MSFT', error: { code: 'MODEL_MISSING' } },
      ],
      n_results: 1,
      n_errors: 1,
    });
    expect(stderr).toContain('error MODEL_MISSING: MSFT');
    expect(code).toBe(1);
    expect((await stockcast(['predict', 'MSFT', 'ZZZ'])).stdout).toBe('No forecast could be made.\n');
  });

  test('leaderboard shows what was trained and knows its tickers', async () => {
    const { stdout } = await stockcast(['leaderboard', 'AAPL', '--horizons', '1', '--json']);
    const [entry] = JSON.parse(stdout).leaderboard;
    expect(entry.models.map(({ model }: { model: string }) => model).sort()).toEqual(['drift', 'linear', 'naive']);
    expect(await stockcast(['leaderboard', 'ZZZ'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('TICKER_UNKNOWN'),
    });
  });

  test('runs lists, shows and cancels', async () => {
    expect((await stockcast(['runs'])).stdout).toContain(runId);
    expect(JSON.parse((await stockcast(['runs', '--limit', '1', '--json'])).stdout).runs).toHaveLength(1);
    expect((await stockcast(['runs', 'show', runId])).stdout).toContain('horizon 1: ');
    expect(await stockcast(['runs', 'show', `train/${TENANT}/NONE/2013-03-01/0`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error RUN_UNKNOWN'),
    });
    expect((await stockcast(['runs', 'cancel', runId])).stdout).toBe(`${runId} has ended already: completed\n`);
  });

  test('drift shows reports, and as of a day before anything served none', async () => {
    const now = await stockcast(['drift', 'AAPL']);
    expect([now.code, now.stderr]).toEqual([0, '']);
    expect(now.stdout).toContain(', as of 2013-03-01: no alarm');
    const { stdout } = await stockcast(['drift', 'AAPL', '--as-of', '2012-06-29']);
    expect(stdout).toContain('as of 2012-06-29: 0 models looked at');
    expect(stdout).toContain('No drift report of AAPL as of 2012-06-29: nothing of it served then.');
    expect(stdout).not.toContain('2013-03-01');
    const told = await stockcast(['drift', 'AAPL', '--as-of', '2012-06-29', '--json']);
    expect(JSON.parse(told.stdout)).toMatchObject({ result: { checked: 0 }, drift: { ticker: 'AAPL', reports: [] } });
  });

  test('machines are told the same by commands and by the API', async () => {
    const api = await startApi({
      services: await workerParts.services(),
      temporal: await workerParts.temporal(),
      settings: { tenant: TENANT, principal: 'local' },
    });
    try {
      for (const [command, path] of [
        [['tickers'], '/tickers'],
        [['leaderboard', '--horizons', '1'], '/leaderboard?horizons=1'],
        [['runs', 'show', runId], `/runs/${runId}`],
        [['predict', 'AAPL', '--horizon', '1'], '/predict/AAPL?horizon=1'],
      ] as const) {
        const byCommand = JSON.parse((await stockcast([...command, '--json'])).stdout);
        const byApi = (await (await fetch(`${api.url}${path}`)).json()) as Record<string, unknown>;
        if ('timestamp' in byApi) byApi.timestamp = byCommand.timestamp;
        expect(byCommand).toEqual(byApi);
      }
    } finally {
      await api.stop();
    }
  });

  test('Ctrl-C while training stops watching, and the run goes on until it is cancelled', async () => {
    const args = ['train', 'MSFT', '--horizons', '1,2,3,4,5', '--window', 'all', '--seed', '7'];
    // First before anything is started, then while it is watched.
    const interruptedAt = (moment: number) =>
      stockcast(args, (parts, process) => {
        let asked = 0;
        return {
          ...parts,
          interruption: () => {
            const interruption = parts.interruption();
            if (++asked === moment) process.emit('SIGINT');
            return interruption;
          },
        };
      });
    const before = await interruptedAt(1);
    expect([before.code, before.stdout]).toEqual([130, '']);
    expect(before.stderr).toContain('nothing was started');
    const { code, stderr, stdout } = await interruptedAt(2);
    expect(code).toBe(130);
    expect(stderr).toContain('stopped watching; the run goes on');
    const id = /run (\S+): started/.exec(stdout)![1]!;
    expect(stderr).toContain(`npx stockcast runs cancel ${id}`);
    expect((await stockcast(['runs', 'cancel', id])).stdout).toContain('was asked to stop');
    await expect
      .poll(async () => (await stockcast(['runs', 'show', id])).stdout, { timeout: 60_000, interval: 500 })
      .toContain('cancelled');
  });

  test('predict --as-of says how to train for that day, and --train does it and waits', async () => {
    const args = ['predict', 'AAPL', '--as-of', '2013-01-18', '--horizon', '1', '--model', 'linear'];
    const missing = await stockcast(args);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(
      'npx stockcast predict AAPL --as-of 2013-01-18 --horizon 1 --model linear --train',
    );
    const { code, stdout, stderr } = await stockcast([...args, '--train', '--json']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('started')]);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ ticker: 'AAPL', as_of: '2013-01-18', model: 'linear' });
    expect(answer.notes.join(' ')).toContain('As of 2013-01-18');
    const again = await stockcast([...args, '--train', '--json']);
    expect(again.stderr).toBe('');
    expect({ ...JSON.parse(again.stdout), timestamp: '' }).toEqual({ ...answer, timestamp: '' });
    const several = await stockcast(['predict', 'AAPL', 'ZZZZ', ...args.slice(2), '--train', '--json']);
    expect(several.code).toBe(1);
    expect(JSON.parse(several.stdout)).toMatchObject({
      results: [{ ticker: 'AAPL', result: { as_of: '2013-01-18' } }, { error: { code: 'TICKER_UNKNOWN' } }],
    });
  });

  test('an upload that changes history says so, and restatements lists it and trains again', async () => {
    const path = join(dir, 'restated.csv');
    const prices = samplePrices(['AAPL', 'MSFT'], 300);
    writeFileSync(path, prices.replace(/(AAPL,.*,2013-02-20,.*,)\d+/, '$17'));
    const { stdout } = await stockcast(['upload', path]);
    expect(stdout).toContain('AAPL: 1 session of 2013-02-20 changed, prices by up to 0.00% (median 0.00%)');
    expect(stdout).toMatch(/serves and rests on it: AAPL horizon 1, \S+/);
    const id = /npx stockcast restatements retrain (\S+)/.exec(stdout)![1]!;
    expect((await stockcast(['restatements', 'AAPL'])).stdout).toContain(id);
    expect((await stockcast(['restatements', 'MSFT'])).stdout).toContain('No known history was changed');
    const shown = await stockcast(['restatements', 'show', id, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ restatement_id: id, retraining: { tickers: ['AAPL'] } });
    const started = await stockcast(['restatements', 'retrain', id]);
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('trains AAPL') });
    const run = /npx stockcast runs show (\S+)/.exec(started.stdout)![1]!;
    await stockcast(['runs', 'cancel', run]);
    writeFileSync(path, prices);
    const back = await stockcast(['upload', path, '--json']);
    expect(JSON.parse(back.stdout).restatement.tickers).toMatchObject([{ ticker: 'AAPL', sessions: 1 }]);
    expect((await stockcast(['restatements', 'show', 'none'])).stderr).toContain('error RESTATEMENT_UNKNOWN');
  });
});

describe.sequential('up', { timeout: 120_000 }, () => {
  const up = (...args: string[]) => ['up', '--csv', join(dir, 'prices.csv'), '--horizons', '1', ...args];

  test('runs the pipeline, shows what came of it and where to go on', async () => {
    const { code, stdout, stderr } = await stockcast(up('--once'), (parts) => runningStack(parts));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('the stack is up');
    expect(stdout).toContain('prices.csv: 600 sessions of AAPL, MSFT');
    expect(stdout).toMatch(/AAPL, 1 session: \S+ serves/);
    expect(stdout).toMatch(/MSFT +2013-03-01/);
    expect(stdout).toContain("curl 'http://127.0.0.1:3000/predict/AAPL?horizon=1'");
    expect(stdout).toMatch(/ready in .*\(stack .*, prices .*, training .*, forecasts .*\)/);
    expect(stdout.trim().endsWith('stopped everything that was started here')).toBe(true);
  });

  test('finds everything unchanged the second time, and tells machines the same', async () => {
    const { code, stdout, stderr } = await stockcast(up('--once', '--json'), (parts) => runningStack(parts));
    expect(code).toBe(0);
    expect(stderr).toContain('nothing has changed since');
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      status: 'completed',
      failures: [],
      predictions: [{ ticker: 'AAPL' }, { ticker: 'MSFT' }],
    });
    expect(Object.keys(told.seconds)).toEqual(['total', 'stack', 'prices', 'training', 'forecasts']);
  });

  test('serves until Ctrl-C', async () => {
    const { code, stdout } = await stockcast(up('--tickers', 'AAPL'), (parts, process) => ({
      ...runningStack(parts),
      output: whenServing(parts, () => process.emit('SIGINT')),
    }));
    expect(code).toBe(0);
    expect(stdout).toMatch(/serving until Ctrl-C\nstopping\nstopped everything/);
  });

  test('Ctrl-C before it is ready stops what was started', async () => {
    let stopped = false;
    const { code, stderr } = await stockcast(up(), (parts, process) => ({
      ...runningStack(parts),
      startStack: async (options) => {
        process.emit('SIGINT');
        const stack = await runningStack(parts).startStack(options);
        return {
          ...stack,
          stop: async () => {
            stopped = true;
          },
        };
      },
    }));
    expect([code, stopped]).toEqual([130, true]);
    expect(stderr).toContain('error INTERRUPTED: stopped before the pipeline was done');
  });

  test('a ticker that cannot be trained is named, and --once fails', async () => {
    const args = ['up', '--once', '--csv', join(dir, 'short.csv'), '--horizons', '1'];
    const { code, stdout, stderr } = await stockcast(args, (parts) => runningStack(parts));
    expect(stdout).toMatch(/AAPL, 1 session: \S+ serves/);
    expect(stderr).toContain('error RUN_FAILED');
    expect(stderr).toContain('IBM has 20 sessions');
    expect(code).toBe(1);
  });

  test('a part of the stack that stays dead ends the watching', async () => {
    const failed = Promise.resolve(new Error('a worker died 6 times'));
    const { code, stdout, stderr } = await stockcast(up(), (parts) => runningStack(parts, failed));
    expect([code, stderr]).toEqual([1, expect.stringContaining('a worker died 6 times')]);
    expect(stdout).not.toContain('ready in');
  });

  test('a part of the stack that stays dead ends the serving', async () => {
    let die: (reason: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      die = resolve;
    });
    const { code, stdout, stderr } = await stockcast(up(), (parts) => ({
      ...runningStack(parts, failed),
      output: whenServing(parts, () => die(new Error('the API died 6 times'))),
    }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('the API died 6 times')]);
    expect(stdout).toContain('ready in');
  });
});
