import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
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
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
});
afterAll(() => pipeline?.stop());

const stockcast = commandLineOn(() => pipeline);

test('compare shows each version beside naive, with its certificate and what it forecasts now', async () => {
  const { code, stdout, stderr } = await stockcast('compare', 'aapl');
  expect([code, stderr]).toEqual([0, '']);
  const { models } = JSON.parse((await stockcast('compare', 'AAPL', '--json')).stdout);
  const linear = models.find(({ model }: { model: string }) => model === 'linear');
  const { metrics, certificate, prediction } = linear;
  expect(stdout).toMatch(/^AAPL, 10 sessions ahead, versions: 2\n/);
  expect(stdout).toMatch(
    new RegExp(
      `\nlinear v1 +\\w+ +2013-03-01 +${metrics.n_forecasts} +${metrics.errors.rmse.toFixed(5)} +${metrics.naive_errors.rmse.toFixed(5)} `,
    ),
  );
  const held = metrics.intervals[0];
  const coverages = [held.model, held.constant_width, held.naive].map(
    ({ coverage }) => `${(coverage * 100).toFixed(1)}%`,
  );
  expect(stdout).toMatch(new RegExp(`\nlinear v1 +${coverages.join(' +')} `));
  expect(stdout).toContain(certificate.id.slice(0, 12));
  expect(stdout).toContain(prediction.prediction.price_target.toFixed(2));
});

test('a page says where the next one begins', async () => {
  const first = await stockcast('compare', 'AAPL', '--limit', '1');
  expect(first.stdout).toContain('versions: 1 to 1 of 2');
  expect(first.stdout).toContain('More: --offset 1');
  expect((await stockcast('compare', 'AAPL', '--offset', '9')).stdout).toContain(
    'there are 2 versions, none from 9 on',
  );
});

test('--pictures writes the pictures of what is shown, also beside --json', async () => {
  const folder = join(pipeline.objectsDir, 'pictures', 'of AAPL');
  const { code, stdout, stderr } = await stockcast('compare', 'AAPL', '--pictures', folder, '--json');
  expect([code, stderr]).toEqual([0, `6 pictures written to ${folder}\n`]);
  expect(JSON.parse(stdout).total).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(
    ['linear', 'naive'].flatMap((kind) =>
      ['error', 'forecast', 'reliability'].map((name) => `AAPL-h10-${kind}-v1-${name}.svg`),
    ),
  );
  expect(readFileSync(join(folder, 'AAPL-h10-linear-v1-error.svg'), 'utf8')).toMatch(/^<svg /);
});

test.each([
  [['compare'], 2, 'missing required argument'],
  [['compare', 'ZZZZ'], 1, 'error TICKER_UNKNOWN'],
  [['compare', 'MSFT'], 1, 'error MODEL_MISSING'],
  [['compare', 'AAPL', '--offset', 'x'], 2, '--offset "x"'],
])('%j is refused', async (args, exitCode, words) => {
  const { code, stderr, stdout } = await stockcast(...args);
  expect([code, stdout]).toEqual([exitCode, '']);
  expect(stderr).toContain(words);
});

test('a folder that cannot be written is named', async () => {
  const file = join(pipeline.objectsDir, 'file');
  writeFileSync(file, '');
  const { code, stderr } = await stockcast('compare', 'AAPL', '--pictures', file);
  expect(code).toBe(2);
  expect(stderr).toContain(`--pictures "${file}"`);
});
