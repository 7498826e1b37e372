import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandLine } from '../../tests/support/command-line.ts';
import { type TestPipeline, startPipeline } from '../../tests/support/pipeline.ts';
import { takeInTestUniverse } from '../../tests/support/test-universe.ts';

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline();
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(() => pipeline?.stop());

const stockcast = (...args: readonly string[]) =>
  commandLine(args, {
    DATABASE_URL: pipeline.databaseUrl,
    TEMPORAL_ADDRESS: pipeline.at.address,
    TEMPORAL_NAMESPACE: pipeline.at.namespace,
    STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
    STOCKCAST_STATE_DIR: join(pipeline.objectsDir, 'state'),
  });

describe('a search asked for on the command line', () => {
  test('is a stage of the run, and its trials can be looked at', async () => {
    const none = await stockcast('trials', 'aapl');
    expect([none.code, none.stdout.trim()]).toEqual([
      0,
      'No parameters were searched for AAPL yet: npx stockcast train AAPL --trials 8',
    ]);

    const args = ['train', 'AAPL', '--horizons', '1', '--kinds', 'linear', '--trials', '4', '--search-seconds', '3600'];
    const { code, stderr } = await stockcast(...args);
    expect(code, stderr).toBe(0);

    const { stdout } = await stockcast('trials', 'AAPL');
    const [heading, ...lines] = stdout.trimEnd().split('\n');
    expect(heading!.split(/\s{2,}/).filter(Boolean)).toEqual([
      'horizon',
      'model',
      'trial',
      'loss',
      'status',
      'parameters',
    ]);
    expect(lines[0]).toMatch(/^ +1 +linear +0( \*)? +[01]\.\d{5} +finished +alpha 10$/);
    expect(lines.slice(0, 4).filter((line) => line.includes(' * '))).toHaveLength(1);
    expect(lines.slice(4)).toEqual(['', expect.stringMatching(/^\* lowest loss: .* up to 20\d\d-\d\d-\d\d; trial 0 /)]);

    const { searches } = JSON.parse((await stockcast('trials', 'AAPL', '--json')).stdout);
    expect(searches).toMatchObject([{ model: 'linear', horizon: 1, trials: [0, 1, 2, 3].map((trial) => ({ trial })) }]);
    const certificate = await stockcast('certificate', 'AAPL', '--horizon', '1', '--model', 'linear');
    expect(certificate.stdout).toContain(`4, on sessions up to ${searches[0].until}`);
  });

  test.each([
    [['train', 'AAPL', '--trials', '1'], '--trials "1": expected a whole number, 2 to 200'],
    [['train', '--trials', 'many'], '--trials "many": expected a whole number, 2 to 200'],
    [['train', '--trials', '5', '--search-seconds', '0'], '--search-seconds "0": expected a whole number, 1 to 86400'],
    [['train', '--search-seconds', '60'], '--search-seconds: belongs to --trials (2 to 200), which is missing'],
    [['up', '--search-seconds', '60'], '--search-seconds: belongs to --trials (2 to 200), which is missing'],
    [['up', '--trials', '201'], '--trials "201": expected a whole number, 2 to 200'],
    [
      ['train', 'AAPL', '--kinds', 'pooled-lstm', '--trials', '5'],
      'search: there is nothing to search: pooled-lstm has',
    ],
  ])('is refused as %j', async (args, problem) => {
    const { code, stderr } = await stockcast(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`error REQUEST_INVALID: ${problem}`)]);
  });

  test('shows nothing of a ticker that is not known', async () => {
    const { code, stderr } = await stockcast('trials', 'ZZZZ');
    expect([code, stderr]).toEqual([1, expect.stringContaining('TICKER_UNKNOWN')]);
  });
});
