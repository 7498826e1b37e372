import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLineOn } from '../../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../../tests/support/pipeline.ts';
import { takeInTestUniverse } from '../../tests/support/test-universe.ts';
import { trainDirectly } from '../../tests/support/trained-ticker.ts';

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  const { services, context } = pipeline;
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'drift', 'linear'] });
});
afterAll(() => pipeline?.stop());

const stockcast = commandLineOn(() => pipeline);

test('certificate shows what serves, with every figure beside its baseline and the decision', async () => {
  const { code, stdout, stderr } = await stockcast('certificate', 'aapl');
  expect([code, stderr]).toEqual([0, '']);
  const [title, id] = stdout.split('\n');
  expect(title).toMatch(/^AAPL, 10 sessions ahead: \S+, as of 2013-03-01$/);
  const promoted = await pipeline.services.ledger.production(pipeline.context, 'AAPL', 10);
  expect(id).toBe(`certificate ${promoted!.certificateId}`);
  for (const section of ['Decision', 'Made from', 'Intervals', 'Leakage checks', 'Thresholds of the gate']) {
    expect(stdout).toContain(`\n${section}`);
  }
});

test('--model names a kind, whose figures stand beside the baselines', async () => {
  const { stdout } = await stockcast('certificate', 'AAPL', '--model', 'linear');
  const { certificate } = JSON.parse((await stockcast('certificate', 'AAPL', '--model', 'linear', '--json')).stdout);
  const { evaluation, verdict, model } = certificate;
  for (const reason of verdict.reasons) expect(stdout).toContain(`\n  ${reason}\n`);
  expect(stdout).toMatch(
    new RegExp(
      `RMSE +${[evaluation.model, evaluation.naive, evaluation.drift].map(({ rmse }) => rmse.toFixed(6)).join(' +')}\\n`,
    ),
  );
  expect(stdout).toMatch(/Diebold-Mariano against +-?\d+\.\d{3} \(p \d\.\d{3}\)/);
  expect(stdout).toMatch(/direction right \d+\.\d% \(95%: \d+\.\d% to \d+\.\d%\), always "up" \d+\.\d%/);
  expect(stdout).toMatch(/80% +model +\d+\.\d%.*\n +constant width +\d+\.\d%/);
  expect(stdout).toContain(`of the constant base rate ${evaluation.brierOfBaseRate.toFixed(5)}`);
  expect(stdout).toContain(`dataset       ${model.datasetId} of AAPL`);
  for (const { name } of evaluation.leakage.checks) expect(stdout).toMatch(new RegExp(`  (ok|FAILED)  ${name}: `));
});

test('--verify and --retrain say what was looked at, by ticker and by hash', async () => {
  const { code, stdout } = await stockcast('certificate', 'AAPL', '--model', 'linear', '--retrain');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /\n {2}ok {2}training: trained again: \d+ rows give the same bytes\nThe certificate holds\.\n$/,
  );
  const { certificate_id: id } = JSON.parse((await stockcast('certificate', 'AAPL', '--json')).stdout);
  const verified = await stockcast('certificate', '--id', id, '--verify', '--json');
  expect(JSON.parse(verified.stdout)).toMatchObject({ certificate_id: id, verification: { holds: true } });
});

test('a certificate that does not hold fails the command and names what differs', async () => {
  const { services, context, objectsDir } = pipeline;
  const model = (await services.registry.newest(context, 'AAPL', 10, 'drift'))!;
  const bytes = await services.objects.get(context, model.objectKey);
  const path = join(objectsDir, context.tenant, model.objectKey);
  writeFileSync(path, '{}');
  const { code, stdout, stderr } = await stockcast('certificate', 'AAPL', '--model', 'drift', '--verify');
  writeFileSync(path, bytes);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error CERTIFICATE_BROKEN: The certificate [0-9a-f]{64} does not hold: model object: models\//,
  );
  expect(stdout).toContain('\n  FAILED  model object: ');
  expect(stdout).toContain('The certificate does not hold.');
});

test.each([
  [['certificate'], 2, 'name a ticker'],
  [['certificate', 'AAPL', '--id', '0'.repeat(64)], 2, 'not both'],
  [['certificate', '--id', '0'.repeat(64)], 1, 'error CERTIFICATE_UNKNOWN'],
  [['certificate', 'MSFT'], 1, 'error MODEL_MISSING'],
  [['certificate', 'ZZZZ'], 1, 'error TICKER_UNKNOWN'],
  [['certificate', 'AAPL', '--model', 'oracle'], 2, 'error MODEL_KIND_UNKNOWN'],
])('%j is refused', async (args, exitCode, words) => {
  const { code, stderr, stdout } = await stockcast(...args);
  expect([code, stdout]).toEqual([exitCode, '']);
  expect(stderr).toContain(words);
});
