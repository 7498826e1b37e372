import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelVersion } from '../../domain/model-version.ts';
import { commandLineOn } from '../../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../../tests/support/pipeline.ts';
import { takeInTestUniverse } from '../../tests/support/test-universe.ts';
import { trainDirectly } from '../../tests/support/trained-ticker.ts';

let pipeline: TestPipeline;
let linear: ModelVersion;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  const { services, context } = pipeline;
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'drift', 'linear'] });
  linear = (await services.registry.newest(context, 'AAPL', 10, 'linear'))!;
});
afterAll(() => pipeline?.stop());

const stockcast = commandLineOn(() => pipeline, { STOCKCAST_PRINCIPAL: 'Ada' });
const json = async (...args: readonly string[]) => JSON.parse((await stockcast(...args, '--json')).stdout);

test('predict says how to find out what a forecast was made from, and lineage draws it as a tree', async () => {
  const predicted = await stockcast('predict', 'AAPL', '--model', 'linear');
  const command = /made from: npx stockcast (lineage (AAPL-10-2013-03-01-[0-9a-f]{12}))\n/.exec(predicted.stdout)!;
  const { code, stdout, stderr } = await stockcast(...command[1]!.split(' '));
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(
    new RegExp(`^forecast ${command[2]}: \\d+\\.\\d\\d on 2013-03-15, 10 sessions ahead, made `),
  );
  expect(lines[1]).toBe('├─ from the close 430.47 of 2013-03-01');
  expect(lines[2]).toMatch(/^│ {2}└─ version 1 from test-universe\.csv \(sha256 [0-9a-f]{64}\)/);
  expect(lines[3]).toBe(`└─ model linear v1 of AAPL ${linear.id}`);
  for (const part of [
    `   ├─ certificate ${linear.certificate!.id}: did not pass (development)`,
    `   ├─ parameters ${JSON.stringify(linear.parameters)}, seed 7, window all sessions`,
    `   ├─ code ${linear.codeVersion}, ${linear.backend}`,
    `   ├─ object ${linear.objectKey}`,
    `      └─ dataset ${linear.datasetId} of AAPL: 600 sessions 2010-10-12 to 2013-03-01, 0 events`,
    'The chain is whole.',
  ]) {
    expect(lines).toContain(part);
  }
  expect(stdout).toMatch(/ {9}└─ 600 rows 2010-10-12 to 2013-03-01 from test-universe\.csv \(sha256 [0-9a-f]{64}\)/);
  expect(await json('lineage', command[2]!)).toMatchObject({ kind: 'forecast', missing: [] });
  expect((await stockcast('lineage', 'AAPL')).stderr).toMatch(/^error LINEAGE_UNKNOWN: .*"AAPL"/);
});

test('datasets list and diff show what was taken, and what changed', async () => {
  const { services, context } = pipeline;
  const bar = {
    ticker: 'AAPL',
    sector: 'Technology',
    date: '2013-02-28',
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    volume: 3,
  };
  const record = { id: 'x', source: 'fixed.csv', acceptedRows: 1, rejectedRows: 0, report: [] };
  const split = { ticker: 'AAPL', date: '2012-11-07', kind: 'dividend', value: 2.65 } as const;
  await services.bars.merge(context, record, [[bar]], [split]);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive'] });
  const { datasets } = await json('datasets', 'list', 'AAPL');
  const [to, from] = datasets.map(({ dataset_id: id }: { dataset_id: string }) => id.slice(0, 10));
  const listed = await stockcast('datasets', 'list', 'AAPL');
  expect(listed.stdout).toMatch(new RegExp(`^dataset +taken +.*\n${to}.* 600 +1\n${from}.* 600 +0\n$`));
  const { code, stdout } = await stockcast('datasets', 'diff', from, to);
  expect(code).toBe(0);
  expect(stdout).toContain('599 sessions unchanged, 0 added, 0 removed, 1 changed, 1 event changed\n');
  expect(stdout).toMatch(/\n2013-02-28 +open +[\d.]+ +1 +-\d+\.\d{3}%\n/);
  expect(stdout).toMatch(/\n2012-11-07 +dividend +- +2\.65 +added\n/);
  expect(await json('datasets', 'diff', from, to)).toMatchObject({ sessions: { changed: { n: 1 } } });
  expect((await stockcast('datasets', 'diff', from, from)).stdout).toContain('the same dataset');
  expect((await stockcast('datasets', 'list', 'MSFT')).stdout).toContain('No dataset was taken of MSFT yet');
  expect((await stockcast('datasets', 'diff', from, '0000')).stderr).toMatch(/^error DATASET_UNKNOWN/);
});

test('models rollback puts back what served, models history says so', async () => {
  const { services, context } = pipeline;
  const { modelId: serving } = (await services.ledger.production(context, 'AAPL', 10))!;
  const before = await services.ledger.history(context, 'AAPL');
  expect(await stockcast('models', 'rollback', 'AAPL', '--to', linear.id, '--reason', 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error ROLLBACK_REFUSED: What serves AAPL for 10 sessions stays: linear/),
  });
  const newest = await services.ledger.enter(context, {
    ...{ ticker: 'AAPL', horizon: 10, asOf: '2013-03-01', modelId: linear.id, kind: 'linear', live: true },
    ...{ reasons: ['linear serves: it passed.'], principal: 'nightly', runId: 'train/1', executionId: 'train/1' },
  });
  const { code, stdout } = await stockcast('models', 'rollback', 'AAPL', '--reason', 'it jumps');
  expect([code, stdout]).toEqual([
    0,
    `AAPL, 10 sessions: naive ${serving} serves again, in place of ${newest.modelId}\n`,
  ]);
  const again = await stockcast('models', 'rollback', 'AAPL', '--reason', 'it jumps');
  expect(again.stdout).toMatch(new RegExp(`^AAPL, 10 sessions: naive ${serving} serves since .* already: nothing was`));
  const history = await stockcast('models', 'history', 'AAPL');
  const lines = history.stdout.split('\n');
  expect(lines[0]).toBe(`10 sessions: naive ${serving}`);
  expect(lines[1]).toMatch(new RegExp(`^  serves since .*, in place of ${newest.modelId}$`));
  expect(lines).toContain('  for          Ada');
  expect(lines).toContain(`  - Rolled back by Ada from linear ${newest.modelId}: it jumps`);
  const { entries } = await json('models', 'history', 'AAPL', '--horizon', '10');
  expect(entries.map(({ rollback }: { rollback: boolean }) => rollback)).toEqual([
    true,
    false,
    ...before.map(() => false),
  ]);
  const on = await stockcast('models', 'history', 'AAPL', '--on', '2013-03-01');
  expect(on.stdout).toMatch(/^Served AAPL on 2013-03-01\n {2}nothing\n\nIn production as of 2013-03-01/);
  expect(await stockcast('models', 'rollback', 'AAPL')).toMatchObject({ code: 2 });
});
