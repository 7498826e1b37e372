import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { BackfillStand, BackfillView } from '../../serving/backfills/backfill-view.ts';
import { backfillDetails } from '../tables/backfill-tables.ts';
import { BackfillLog, backfillLines } from './backfill-lines.ts';

const plain = pc.createColors(false);
const VIEW: BackfillView = {
  run_id: 'backfill/default/2012-12-31/1',
  workflow: 'backfill',
  status: 'running',
  started_at: '2026-01-01T00:00:00.000Z',
  closed_at: null,
  ui: null,
};
const STAND: BackfillStand = {
  stage: 'running',
  total: 300,
  counts: { made: 100, standing: 40, unavailable: 9, failed: 1 },
  running: [{ ticker: 'AAPL', as_of: '2012-11-01', run_id: 'train/default/AAPL/2012-11-01/1' }],
  per_minute: 12,
  seconds_left: 750,
  failures_by_code: { OBJECT_DAMAGED: 1 },
  newest_failures: [{ ticker: 'MSFT', as_of: '2012-10-01', code: 'OBJECT_DAMAGED', message: 'it is damaged' }],
};

test('a terminal shows how far it is, how fast, what is under way and what failed', () => {
  expect(backfillLines({ ...VIEW, progress: STAND }, 65_000, plain)).toEqual([
    'backfill 1 min 05 s',
    `  ${'█'.repeat(15)}${'░'.repeat(15)} 150 of 300, 100 made, 40 there already, 9 with too little history then, 1 failed, 12.0 a minute, 12 min 30 s left at that rate`,
    '  AAPL as of 2012-11-01',
    '  ✗ MSFT as of 2012-10-01: OBJECT_DAMAGED: it is damaged',
  ]);
  expect(backfillLines(VIEW, 0, plain)).toEqual(['backfill 0.0 s, waiting for a worker']);
  expect(backfillLines({ ...VIEW, progress: { ...STAND, stage: 'planning', total: 0 } }, 0, plain)).toHaveLength(1);
});

test('elsewhere a line comes with each percent, each stage and each failure', () => {
  const log = new BackfillLog();
  const news = (change: Partial<BackfillStand>) => log.news({ ...VIEW, progress: { ...STAND, ...change } }, 1000);
  expect(log.news(VIEW, 1000)).toEqual(['   1.0 s  waiting for a worker']);
  expect(news({}).map((line) => line.slice(10, 40))).toEqual([
    '150 of 300, 100 made, 40 there',
    'MSFT as of 2012-10-01 failed: ',
  ]);
  expect(news({ counts: { ...STAND.counts, made: 101 } })).toEqual([]);
  expect(news({ counts: { ...STAND.counts, made: 104 } })).toHaveLength(1);
  expect(news({ stage: 'paused', seconds_left: null })[0]).toContain('1 failed, paused, 12.0 a minute');
});

test('one that was stopped says how far it came, and nothing of how it goes on', () => {
  const stopped = { ...VIEW, status: 'cancelled' as const, closed_at: '2026-01-01T00:10:00.000Z' };
  const shown = backfillDetails({ ...stopped, progress: { ...STAND, stage: 'paused' } }, plain);
  expect(shown).toContain('  150 of 300, 100 made, 40 there already, 9 with too little history then, 1 failed\n');
  const unplanned = backfillDetails({ ...stopped, progress: { ...STAND, stage: 'planning' } }, plain);
  expect(unplanned).toContain('it ended before it was planned');
});

test('one that has ended with failures says how to make them', () => {
  const ended = { ...VIEW, status: 'completed' as const, closed_at: '2026-01-01T00:10:00.000Z', progress: STAND };
  const text = backfillDetails(ended, plain);
  expect(text).toContain('took      10 min 00 s');
  expect(text).toContain('failures  OBJECT_DAMAGED 1');
  expect(text).toContain('npx stockcast backfill retry --failed backfill/default/2012-12-31/1');
  expect(backfillDetails({ ...VIEW, progress: STAND }, plain)).not.toContain('retry');
});
