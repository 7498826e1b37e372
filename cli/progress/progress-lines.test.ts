import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { StageProgress } from '../../domain/run.ts';
import type { RunView } from '../../serving/run-view.ts';
import { bar, progressLines } from './progress-lines.ts';
import { ProgressLog } from './progress-log.ts';

const plain = pc.createColors(false);

const stage = (name: StageProgress['stage'], status: StageProgress['status'], done = 0, total = 1): StageProgress => ({
  stage: name,
  status,
  done,
  total,
});

const run: RunView = {
  run_id: 'train-universe/default/2013-03-01/0123456789ab',
  workflow: 'trainUniverse',
  status: 'running',
  started_at: '2026-01-05T12:00:00.000Z',
  closed_at: null,
  ui: null,
  progress: [
    { ticker: 'AAPL', status: 'completed' },
    { ticker: 'F', status: 'running' },
    { ticker: 'IBM', status: 'failed', failure: { code: 'TOO_FEW_SESSIONS', message: 'IBM has 12 sessions.' } },
    {
      ticker: 'MSFT',
      status: 'running',
      stages: [stage('ingest', 'done', 1), stage('train', 'running', 5, 8), stage('promote', 'waiting')],
    },
    { ticker: 'T', status: 'waiting' },
  ],
};

test('a running universe is shown ticker by ticker, with a bar where work is countable', () => {
  expect(progressLines(run, 12_345, plain)).toEqual([
    'training 12.3 s, 2 of 5 tickers done',
    '  AAPL  ✓ done',
    '  F     starting',
    '  IBM   ✗ TOO_FEW_SESSIONS: IBM has 12 sessions.',
    '  MSFT  ✓ ingest  ▸ train ██████░░░░ 5/8  · promote',
    '  T     waiting',
  ]);
});

test('a run that waits for a verdict says so, with how to give it', () => {
  const progress: RunView['progress'] = [
    {
      ticker: 'AAPL',
      status: 'running',
      run_id: 'train/default/AAPL/2013-03-01/0',
      stages: [stage('evaluate', 'done', 8, 8), stage('promote', 'running', 0, 2)],
      awaiting_approval: [{ horizon: 10, model: 'lstm' }],
    },
  ];
  expect(progressLines({ ...run, progress }, 0, plain)[1]).toBe(
    '  AAPL  ✓ evaluate  ▸ promote ░░░░░░░░░░ 0/2  waits for a verdict on lstm',
  );
  expect(new ProgressLog().news({ ...run, progress }, 0)).toEqual([
    '   0.0 s  AAPL: evaluate done, promote running, waits for a verdict on lstm ' +
      '(npx stockcast runs approve train/default/AAPL/2013-03-01/0 --horizon 10)',
  ]);
});

test('a run that no worker answers for says so', () => {
  const { progress: _, ...silent } = run;
  expect(progressLines(silent, 500, plain)).toEqual(['training 0.5 s, waiting for a worker']);
});

test('a step that is tried again is shown with its last failure', () => {
  const retrying = [{ activity: 'train', attempt: 3, last_failure: 'the thread died' }];
  expect(progressLines({ ...run, retrying }, 0, plain).at(-1)).toBe(
    '  train is tried again (attempt 3): the thread died',
  );
});

test('of a large universe the tickers under way are shown', () => {
  const waiting = Array.from({ length: 40 }, (_, i) => ({ ticker: `T${i}`, status: 'waiting' as const }));
  const lines = progressLines({ ...run, progress: [...waiting, { ticker: 'NOW', status: 'running' }] }, 0, plain);
  expect(lines).toHaveLength(14);
  expect(lines[1]).toContain('NOW');
  expect(lines.at(-1)).toBe('  and 29 more');
});

test('a bar fills from left to right and is full only when all is done', () => {
  expect(bar(0, 8)).toBe('░░░░░░░░░░ 0/8');
  expect(bar(7, 8)).toBe('████████░░ 7/8');
  expect(bar(8, 8)).toBe('██████████ 8/8');
});

test('without a terminal, only what changed is told', () => {
  const log = new ProgressLog();
  expect(log.news(run, 1000)).toEqual([
    '   1.0 s  AAPL: done',
    '   1.0 s  F: running',
    '   1.0 s  IBM: failed: TOO_FEW_SESSIONS: IBM has 12 sessions.',
    '   1.0 s  MSFT: ingest done, train running',
    '   1.0 s  T: waiting',
  ]);
  expect(log.news(run, 1500)).toEqual([]);

  const trained = [stage('ingest', 'done', 1), stage('train', 'done', 8, 8), stage('promote', 'waiting')];
  const progress = run.progress!.map((state) => (state.ticker === 'MSFT' ? { ...state, stages: trained } : state));
  expect(log.news({ ...run, progress }, 61_000)).toEqual(['1 min 01 s  MSFT: ingest done, train done']);
});

test('a worker that is not there yet is told once', () => {
  const log = new ProgressLog();
  const { progress: _, ...silent } = run;
  expect(log.news(silent, 0)).toEqual(['   0.0 s  waiting for a worker']);
  expect(log.news(silent, 500)).toEqual([]);
  const told = new ProgressLog();
  expect(told.news(run, 0)).toHaveLength(5);
  expect(told.news(silent, 500)).toEqual([]);
});
