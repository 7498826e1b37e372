import { expect, it } from 'vitest';
import { chaosRun } from '../chaos/chaos-run.ts';
import { SMALL_WISH } from '../support/pipeline.ts';
import { TEST_TICKERS } from '../support/test-universe.ts';

it('a run in which everything is killed ends as an undisturbed one', { timeout: 600_000 }, async () => {
  const said: string[] = [];
  const { killed, findings } = await chaosRun({
    seed: 7,
    kills: 6,
    tickers: TEST_TICKERS,
    sessions: 600,
    wish: { ...SMALL_WISH, kinds: ['linear', 'pooled-linear'] },
    signal: AbortSignal.timeout(540_000),
    say: (line) => said.push(line),
  });
  expect(findings, said.join('\n')).toEqual([]);
  expect(killed.length).toBeGreaterThanOrEqual(5);
});
