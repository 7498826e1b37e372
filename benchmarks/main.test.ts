import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Figure } from './figure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', 'benchmarks/main.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 110_000,
  });
}

describe('npm run bench', () => {
  it('lists the benches with what they compare, for people and for machines', () => {
    const { status, stdout } = bench('list');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^forest +.*\(stockcast, scikit-learn, LightGBM, ml-random-forest\)$/m);
    const [line] = bench('list', '--json').stdout.split('\n');
    expect(JSON.parse(line!)).toMatchObject({
      bench: 'forest',
      subjects: ['stockcast', 'scikit-learn', 'LightGBM', 'ml-random-forest'],
    });
  });

  it('names the benches that exist when asked for another', () => {
    const { status, stdout, stderr } = bench('forrest');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^There is no bench "forrest"\. There are: forest[^\n]*\.\n$/);
  });

  it('names the subjects that exist, and refuses a senseless number of repetitions', () => {
    const { status, stderr } = bench('forest', '--subjects', 'stockcast,xgboost');
    expect(status).toBe(1);
    expect(stderr).toContain('The bench forest has no subject "xgboost". There are: stockcast, scikit-learn,');
    expect(bench('forest', '--repeat', '0')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Expected a whole number from 1 to 9999.') as string,
    });
  });

  it('prints each repetition of each figure as a line of JSON and nothing else', { timeout: 120_000 }, () => {
    const { status, stdout } = bench('forest', '--json', '--repeat', '2', '--subjects', 'stockcast');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    const figures = lines.map((line) => JSON.parse(line) as Figure);
    // 3 series of 3 sizes, 3 metrics, 2 repetitions.
    expect(figures).toHaveLength(54);
    for (const [i, figure] of figures.entries()) {
      expect(lines[i]).toMatch(/^\{"bench":"forest","case":"[^"]+","subject":"stockcast","metric":"[^"]+","value":/);
      expect(Object.keys(figure)).toEqual(['bench', 'case', 'subject', 'metric', 'value', 'unit']);
      expect(figure.value).toBeGreaterThan(0);
    }
    expect(new Set(figures.map(({ metric, unit }) => `${metric} ${unit}`))).toEqual(
      new Set(['fit_ms ms', 'predict_us us', 'test_r2 ']),
    );
    expect(new Set(figures.map((figure) => figure.case)).size).toBe(9);
  });
});
