import { expect, test } from 'vitest';
import type { RunView } from '../../serving/run-view.ts';
import { backfillFailed, failureLine, failuresOf, isParked, runFailed } from './run-outcome.ts';

const ended: RunView = {
  run_id: 'train/default/AAPL/2013-03-01/0123456789ab',
  workflow: 'trainTicker',
  status: 'completed',
  started_at: '2026-01-05T12:00:00.000Z',
  closed_at: '2026-01-05T12:00:07.000Z',
  ui: null,
};

test('a run that went well has no failures', () => {
  const result = { ticker: 'AAPL', asOf: '2013-03-01', datasetId: 'd', promotions: [], notes: [] };
  expect(failuresOf({ ...ended, result })).toEqual([]);
  const outcomes = [{ ticker: 'AAPL', status: 'completed' as const, workflowId: 'w' }];
  expect(failuresOf({ ...ended, result: { outcomes } })).toEqual([]);
});

test('a ticker that failed alone is named with its reason', () => {
  const outcomes = [
    { ticker: 'AAPL', status: 'completed' as const, workflowId: 'w' },
    { ticker: 'F', status: 'failed' as const, workflowId: '', code: 'TOO_FEW_SESSIONS', message: 'F has 12 sessions.' },
  ];
  const failures = failuresOf({ ...ended, result: { outcomes } });
  expect(failures.map(failureLine)).toEqual(['F: F has 12 sessions. (TOO_FEW_SESSIONS)']);
  const error = runFailed('the-run', failures);
  expect([error.code, error.message]).toEqual(['RUN_FAILED', expect.stringContaining('F has 12 sessions.')]);
});

test('a run that failed, or was stopped, says why', () => {
  const failure = { code: 'OBJECT_DAMAGED', message: 'the object is damaged' };
  expect(failuresOf({ ...ended, status: 'failed', failure }).map(failureLine)).toEqual([
    'the object is damaged (OBJECT_DAMAGED)',
  ]);
  const cancelled = failuresOf({ ...ended, status: 'cancelled', failure: { code: 'CancelledFailure', message: 'x' } });
  expect(cancelled.map(failureLine)).toEqual(['it was cancelled (RUN_FAILED)']);
  expect(failuresOf({ ...ended, status: 'timed_out' }).map(failureLine)).toEqual(['it was timed out (RUN_FAILED)']);
});

test('a run that was left parked says why, and is parked only when nothing else goes on', () => {
  const parked = {
    stage: 'ingest' as const,
    horizon: null,
    code: 'DATA_UNSOUND',
    message: 'A close jumps.',
    acceptable: true,
    since: '2026-01-05T12:00:00.000Z',
    gives_up_at: '2026-01-08T12:00:00.000Z',
  };
  const state = { ticker: 'F', status: 'running' as const, parked };
  const run: RunView = { ...ended, status: 'running', progress: [{ ticker: 'AAPL', status: 'completed' }, state] };
  expect(failuresOf(run).map(failureLine)).toEqual([
    'F: it is parked until 2026-01-08 12:00 UTC: A close jumps. (DATA_UNSOUND)',
  ]);
  expect(isParked(run)).toBe(true);
  expect(isParked({ ...run, progress: [state, { ticker: 'GM', status: 'waiting' }] })).toBe(false);
  expect(isParked({ ...run, progress: [] })).toBe(false);
  expect(isParked({ ...run, status: 'completed' })).toBe(false);
});

test('a backfill that failed, or of which partitions did, says so in one sentence', () => {
  const { ui, started_at, closed_at } = ended;
  const backfill = { ...{ ui, started_at, closed_at, run_id: 'b' }, workflow: 'backfill', status: 'failed' as const };
  const failure = { code: 'TICKER_UNKNOWN', message: 'No prices are known for X. Upload its prices first.' };
  expect(backfillFailed({ ...backfill, failure })?.message).toBe(
    'The run b failed: No prices are known for X. Upload its prices first.',
  );
  const progress = {
    ...{ stage: 'done' as const, total: 2, counts: { made: 1, standing: 0, unavailable: 0, failed: 1 } },
    ...{ running: [], per_minute: null, seconds_left: null, failures_by_code: {}, newest_failures: [] },
  };
  expect(backfillFailed({ ...backfill, status: 'completed', progress })?.message).toBe(
    'The run b failed: 1 of its partitions failed.',
  );
  const counts = { ...progress.counts, failed: 0 };
  expect(backfillFailed({ ...backfill, status: 'completed', progress: { ...progress, counts } })).toBeUndefined();
});
