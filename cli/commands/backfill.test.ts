import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partitionSessions } from '../../domain/backfill.ts';
import { datasetIdentity } from '../../domain/dataset.ts';
import { QUEUES } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import type { BackfillStand } from '../../serving/backfills/backfill-view.ts';
import { historyOf } from '../../serving/histories.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { commandLine } from '../../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../../tests/support/pipeline.ts';
import { samplePrices, withFile } from '../../tests/support/test-universe.ts';

const SCOPE = { from: '2012-10-01', to: '2012-12-31', every: 21 };
const SESSIONS = partitionSessions(SCOPE);
const PRICES = samplePrices(['AAPL', 'MSFT'], 300);
const ID = 'backfill/default/autumn-2012';
const ORDER = [
  '--tickers',
  'AAPL,MSFT',
  '--from',
  SCOPE.from,
  '--to',
  SCOPE.to,
  '--horizons',
  '1',
  '--kinds',
  'linear',
];

let pipeline: TestPipeline;
let dir: string;
let temporalCli: string;
let endWorkflows: () => Promise<void>;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-backfill-'));
  pipeline = await startPipeline({ workers: false });
  endWorkflows = await pipeline.work([QUEUES.orchestration, QUEUES.data]);
  temporalCli = (await ensureTemporalCli({ say: (line) => console.error(line) })).path;
  await upload(PRICES);
});
afterAll(async () => {
  await pipeline?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const env = () => ({
  DATABASE_URL: pipeline.databaseUrl,
  TEMPORAL_ADDRESS: pipeline.at.address,
  TEMPORAL_NAMESPACE: pipeline.at.namespace,
  STOCKCAST_STATE_DIR: dir,
  STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
});
const stockcast = (...args: string[]) => commandLine(['backfill', ...args], env());
async function asJson(...args: string[]) {
  const { stdout, stderr, code } = await stockcast(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}
const upload = (text: string, context = pipeline.context) =>
  withFile(text, (pricesPath) =>
    takeInPrices(pipeline.services, context, {
      pricesPath,
      pricesName: 'prices.csv',
      onBadRow: 'refuse',
      adjustSplits: false,
    }),
  );

/** Waits until the backfill that was started by hand has come so far. */
async function until(reached: (progress: BackfillStand | undefined) => boolean | undefined): Promise<BackfillStand> {
  for (;;) {
    const { progress } = (await asJson('status', ID)) as { readonly progress?: BackfillStand };
    if (reached(progress)) return progress!;
    await sleep(50);
  }
}

/** Runs what a fenced block of the page of operations says, with a Temporal CLI on the path. */
async function asDocumented(block: RegExp): Promise<string> {
  const page = readFileSync(new URL('../../docs/operations/backfills.md', import.meta.url), 'utf8');
  const command = [...page.matchAll(/^```\n(.*?)^```$/gms)].map(([, text]) => text!).find((text) => block.test(text))!;
  const path = [dirname(temporalCli), process.env.PATH].join(delimiter);
  const { stdout } = await promisify(execFile)('sh', ['-c', command], {
    env: { ...process.env, ...env(), PATH: path },
  });
  return stdout;
}

describe.sequential('a backfill of two tickers as of three days', { timeout: 240_000 }, () => {
  test('is planned without starting anything, and says that nobody knows how long it takes', async () => {
    const preview = await asJson(...ORDER, '--dry-run');
    expect(preview).toMatchObject({ counts: { to_make: 6, standing: 0, unavailable: 0 }, estimate: { seconds: null } });
    expect(preview.partitions.map((each: { as_of: string }) => each.as_of)).toEqual([...SESSIONS, ...SESSIONS]);
    const { stdout } = await stockcast(...ORDER, '--dry-run');
    expect(stdout).toContain('6 partitions: 2 tickers, every 21 sessions from 2012-10-01 to 2012-12-31');
    expect(stdout).toContain('time: unknown');
    expect(await asJson('list')).toEqual({ runs: [] });
  });

  test("is started with Temporal's own command as documented, paused, resumed and cancelled", async () => {
    expect(await asDocumented(/^temporal workflow start/)).toContain(ID);
    // Nobody trains yet, so it stays where it is.
    await stockcast('pause', ID);
    await until((progress) => progress?.stage === 'paused');
    expect((await stockcast('status', ID)).stdout).toContain('0 of 6, paused');
    await stockcast('resume', ID);
    const { running } = await until((progress) => progress?.running.filter(({ run_id: id }) => id).length === 2);
    expect(await asJson('cancel', ID)).toEqual({ run_id: ID, requested: 'cancel' });
    expect((await pipeline.ended(ID)).status).toBe('cancelled');
    expect((await pipeline.ended(running[0]!.run_id!)).status).toBe('cancelled');
    expect((await stockcast('pause', ID)).stderr).toContain('it has ended (cancelled)');
    expect(await stockcast('cancel', ID)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('it has ended (cancelled), so there is nothing to cancel'),
    });
    const stopped = await stockcast('status', ID);
    expect(stopped.stdout).toMatch(/\n {2}0 of 6\n/);
    expect(stopped.stdout).not.toContain('left at that rate');
  });

  test('makes each partition of what was known then, and touches nothing that serves', async () => {
    const { services, context } = pipeline;
    await pipeline.work([QUEUES.training]);
    const live = await commandLine(['train', 'AAPL', '--horizons', '1', '--kinds', 'linear'], env());
    expect(live.code, live.stderr).toBe(0);
    const served = await services.ledger.production(context, 'AAPL', 1);

    const backfill = await stockcast(...ORDER);
    expect(backfill.code, backfill.stderr).toBe(0);
    expect(backfill.stdout).toContain('6 of 6, 6 made');
    expect(await services.ledger.production(context, 'AAPL', 1)).toEqual(served);
    expect(await services.ledger.production(context, 'MSFT', 1)).toBeUndefined();
    for (const [i, asOf] of SESSIONS.entries()) {
      // Another tenant has never heard of anything later.
      const then = { ...context, tenant: `then-${i}` };
      const lines = PRICES.split('\n').filter((line) => !/^(AAPL|MSFT),/.test(line) || line.split(',')[2]! <= asOf);
      await upload(lines.join('\n'), then);
      for (const ticker of ['AAPL', 'MSFT']) {
        const { series, events } = await historyOf(services, then, ticker, vantageOf(then));
        const entry = (await services.ledger.production(context, ticker, 1, asOf))!;
        expect(entry).toMatchObject({ asOf, live: false, movedLive: false });
        const model = (await services.registry.find(context, entry.modelId))!;
        expect(model).toMatchObject({ asOf, datasetId: datasetIdentity(series, events) });
        expect(await services.forecasts.find(context, model.id, asOf, 1)).toMatchObject({ originSession: asOf });
      }
    }
  });

  test('is there by content afterwards, also when history is restated since', async () => {
    const { restatement } = await upload(PRICES.replace(/^(AAPL,.*,2012-09-0[5-7],.*,)\d+$/gm, '$19'));
    expect(restatement?.tickers).toMatchObject([{ ticker: 'AAPL', sessions: 3 }]);
    const preview = await asJson(...ORDER, '--dry-run');
    expect(preview.counts).toEqual({ to_make: 0, standing: 6, unavailable: 0 });
    const again = await asJson(...ORDER);
    expect(again.progress.counts).toEqual({ made: 0, standing: 6, unavailable: 0, failed: 0 });
    const other = await asJson(...ORDER, '--seed', '5', '--dry-run');
    expect(other.counts.to_make).toBe(6);
    expect(other.estimate.seconds).toBeGreaterThan(0);
    expect(other.estimate.basis).toMatch(/^3 rounds of [\d.]+ s, the median of the newest \d+ completed trainings/);
  });

  test('is computed anew when that is asked for, to the same bytes', async () => {
    const { services, context } = pipeline;
    const asOf = SESSIONS[0]!;
    const { modelId } = (await services.ledger.production(context, 'MSFT', 1, asOf))!;
    const { objectKey } = (await services.registry.find(context, modelId))!;
    const before = await services.objects.get(context, objectKey);
    await services.objects.put(context, objectKey, new TextEncoder().encode('{}'));
    const one = ['--tickers', 'MSFT', '--from', asOf, '--to', asOf, '--horizons', '1', '--kinds', 'linear'];
    expect((await asJson(...one)).progress.counts).toMatchObject({ standing: 1 });
    expect((await asJson(...one, '--force')).progress.counts).toMatchObject({ made: 1, standing: 0 });
    expect(Buffer.from(await services.objects.get(context, objectKey))).toEqual(Buffer.from(before));
  });

  test('counts what had too little history then, and says what cannot be asked', async () => {
    const early = [
      '--tickers',
      'AAPL',
      '--from',
      '2011-12-27',
      '--to',
      '2012-02-01',
      '--every',
      '10',
      '--horizons',
      '1',
    ];
    const { progress } = await asJson(...early);
    expect(progress).toMatchObject({ stage: 'done', counts: { unavailable: 3, made: 0, failed: 0 } });
    const refused = async (...args: string[]) => (await stockcast(...args)).stderr;
    expect(await refused('--from', '2012-02-01', '--to', '2012-01-01')).toContain('lies after to "2012-01-01"');
    expect(await refused('--from', '2012-02-01', '--to', '2099-01-01')).toContain('DATE_INVALID');
    expect(await refused('--tickers', 'NONE', '--from', '2012-02-01', '--to', '2012-03-01')).toContain(
      'TICKER_UNKNOWN',
    );
    expect(await refused('--from', '2012-02-01', '--to', '2012-03-01', '--every', '0')).toContain('--every "0"');
    expect(await refused('status', 'backfill/default/none')).toContain('RUN_UNKNOWN');
    expect(await refused('retry', '--failed', ID)).toContain('none of its partitions failed');
    const { workflowId } = await pipeline.temporal.client.workflow.start('backfill', {
      workflowId: 'backfill/default/ill-formed',
      taskQueue: QUEUES.orchestration,
      args: [{ from: '2012-02-01', to: '2012-03-01' }],
    });
    expect((await pipeline.ended(workflowId)).failure).toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('"version": 1'),
    });
  });

  test('that has completed says how far it was when no worker is left, and one that was cancelled cannot', async () => {
    const { runs } = (await asJson('list')) as { readonly runs: readonly { run_id: string; status: string }[] };
    const completed = runs.find(({ status }) => status === 'completed')!;
    const before = await asJson('status', completed.run_id);
    await endWorkflows();
    expect(await asJson('status', completed.run_id)).toEqual(before);
    expect(before.progress).toMatchObject({ stage: 'done', total: expect.any(Number), running: [] });
    expect((await stockcast('status', ID)).stdout).toContain('no worker answers');
  });
});
