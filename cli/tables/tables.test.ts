import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { LeaderboardEntry } from '../../serving/leaderboard.ts';
import type { PredictionAnswer } from '../../serving/prediction-answer.ts';
import type { RunView } from '../../serving/run-view.ts';
import type { TakeInReport } from '../../serving/take-in-prices.ts';
import { findingTable } from './finding-table.ts';
import { forecastTable } from './forecast-table.ts';
import { leaderboardTable } from './leaderboard-table.ts';
import { plainTable } from './plain-table.ts';
import { readyRecord, readyText } from './ready.ts';
import { runDetails, runList } from './run-tables.ts';
import { takeInSummary } from './take-in-summary.ts';
import { EVALUATION } from '../../tests/an-evaluation.ts';
import { trackRecordAnswer } from '../../serving/track-record-answer.ts';
import { tickerTable } from './ticker-table.ts';
import { trackRecordTable } from './track-record-table.ts';

const plain = pc.createColors(false);

const evaluation = EVALUATION;

const entry: LeaderboardEntry = {
  ticker: 'AAPL',
  horizon: 10,
  models: [
    {
      kind: 'naive',
      version: 2,
      modelId: 'a',
      evaluation: { ...evaluation, rmseRatioToNaive: 1 },
      promoted: true,
      stage: 'production',
    },
    { kind: 'linear', version: 1, modelId: 'b', evaluation, promoted: false, stage: 'staging' },
  ],
  promoted: 'naive',
  reasons: ['naive serves: all 1 candidates were refused.', 'linear: Refused: its RMSE is too high.'],
};

const answer: PredictionAnswer = {
  forecast_id: 'AAPL-10-2013-03-01-3f9c12a0b1c2',
  ticker: 'AAPL',
  current_price: 430.47,
  prediction: { price_target: 434.123, confidence: 0.5312, direction: 'bullish' },
  intervals: [
    { level: 0.8, low: 401.5, high: 468.25 },
    { level: 0.95, low: 380.1, high: 495.9 },
  ],
  direction_probability: 0.5312,
  timestamp: '2026-01-05T12:00:00.000Z',
  horizon: 10,
  as_of: '2013-03-01',
  target_date: '2013-03-15',
  model: 'linear',
  model_version: 3,
  model_id: 'b',
  baseline_ratio: 0.99,
  certificate_id: 'c'.repeat(64),
  notes: ['The newest known session is 2013-03-01.'],
  stale: false,
};

test('columns are as wide as their widest cell and lines have no trailing spaces', () => {
  const columns = [{ heading: 'name' }, { heading: 'n', align: 'right' as const }, { heading: '' }];
  expect(
    plainTable(
      columns,
      [
        ['x', '1', ''],
        ['longer', '100', 'mark'],
      ],
      plain,
    ),
  ).toBe(['name      n', 'x         1', 'longer  100  mark'].join('\n'));
});

test('the leaderboard puts each model beside the baselines and says what was decided', () => {
  expect(leaderboardTable([entry], plain).split('\n')).toEqual([
    'ticker  horizon  model      RMSE      MAE  to naive  to drift  direction  always up  in 80%  in 95%  forecasts  stage',
    'AAPL         10  naive   0.08512  0.06100    1.0000    0.9979      51.2%      54.9%   80.1%   95.1%       2700  production',
    '                 linear  0.08512  0.06100    1.0003    0.9979      51.2%      54.9%   80.1%   95.1%       2700  staging',
    '',
    'AAPL, 10 sessions: naive serves: all 1 candidates were refused.',
    '',
    'What was said of each model: npx stockcast certificate AAPL',
  ]);
  expect(leaderboardTable([{ ...entry, horizon: 1, promoted: null, reasons: [] }], plain)).toContain(
    'AAPL, 1 session: nothing is promoted',
  );
  expect(leaderboardTable([], plain)).toContain('npx stockcast train');
});

const live = {
  ...{ n: 41, firstOrigin: '2013-01-02', lastOrigin: '2013-03-01', rmse: 0.0101, naiveRmse: 0.0102 },
  ...{ rmseRatioToNaive: 1.25, pBetter: 0.999, pWorse: 0.001, directionalAccuracy: 0.512, alwaysUpAccuracy: 0.537 },
  intervals: [{ level: 0.8, n: 41, coverage: 0.756, winkler: 0.05 }],
};
const behindNaive = {
  ...{ ticker: 'AAPL', horizon: 10, kind: 'naive', modelId: 'm', servesSince: '2013-01-01T00:00:00.000Z', n: 40 },
  ...{ rmseRatioToNaive: 1.25, p: 0.0004, level: 0.01 / 6, foundAt: '2013-03-01T00:00:00.000Z' },
};

test('the leaderboard has live columns once a live forecast was scored, and tells what is behind naive', () => {
  const models = entry.models.map((model, i) => (i === 0 ? { ...model, live, behindNaive } : model));
  const [heading, first, second] = leaderboardTable([{ ...entry, models }], plain).split('\n');
  expect(heading).toMatch(/ forecasts {2}live {2}live to naive {2}live in 80% {2}stage$/);
  expect(first).toMatch(/ 2700 {4}41 {9}1\.2500 {8}75\.6% {2}production, behind naive$/);
  expect(second).toMatch(/ 2700 {5}0 +staging$/);
});

test('the track record shows live figures, what is not live apart, and why something is flagged', () => {
  const records = [
    { horizon: 10, kind: 'linear', versions: 2, serves: true, live, backfilled: undefined, behindNaive },
    {
      horizon: 10,
      kind: 'naive',
      versions: 0,
      serves: false,
      live: undefined,
      backfilled: live,
      behindNaive: undefined,
    },
  ];
  const [heading, first, second, , reason] = trackRecordTable([trackRecordAnswer('AAPL', records)], plain).split('\n');
  expect(heading).toMatch(/^ticker {2}horizon {2}model {3}live .* not live/);
  expect(first).toMatch(
    /^AAPL +10 {2}linear +41 +0\.01010 +1\.2500 +0\.999 +0\.001 +75\.6% +51\.2% +53\.7% +behind naive$/,
  );
  expect(second).toMatch(/^ +10 {2}naive +0 +41$/);
  expect(reason).toBe(
    "AAPL, 10: linear is flagged: its live record is significantly behind naive: RMSE 1.2500 times naive's on 40 forecasts that do not overlap, p 0.00040 below 0.0017",
  );
  expect(trackRecordTable([trackRecordAnswer('AAPL', [])], plain)).toContain('npx stockcast score');
});

test('forecasts stand side by side, and a note that they share is told once', () => {
  const bearish = { price_target: 99.5, confidence: 0.6, direction: 'bearish' as const };
  const neutral = { price_target: 100, confidence: 0.5, direction: 'neutral' as const };
  const answers = [
    answer,
    {
      ...answer,
      ticker: 'F',
      current_price: 100,
      prediction: bearish,
      intervals: [{ level: 0.8, low: 90, high: 110 }],
    },
    { ...answer, ticker: 'T', current_price: 100, prediction: neutral, intervals: [], notes: [] },
  ];
  expect(forecastTable(answers, plain).split('\n')).toEqual([
    'ticker  as of        close  horizon  target date  target  change  direction  confidence      80% interval  model',
    'AAPL    2013-03-01  430.47       10  2013-03-15   434.12  +0.85%  bullish         53.1%  401.50 to 468.25  linear v3',
    'F       2013-03-01  100.00       10  2013-03-15    99.50  -0.50%  bearish         60.0%   90.00 to 110.00  linear v3',
    'T       2013-03-01  100.00       10  2013-03-15   100.00   0.00%  neutral         50.0%                    linear v3',
    '',
    '  AAPL, F: The newest known session is 2013-03-01.',
  ]);
});

const run: RunView = {
  run_id: 'train-universe/default/2013-03-01/0123456789ab',
  workflow: 'trainUniverse',
  status: 'running',
  started_at: '2026-01-05T12:00:00.000Z',
  closed_at: null,
  ui: 'http://127.0.0.1:8233/x',
};

test('what is ready names where to go on', () => {
  const addresses = { api: 'http://127.0.0.1:3000', temporalUi: 'http://127.0.0.1:8233' };
  const outcome = { run, entries: [entry], answers: [answer] };
  const text = readyText(outcome, addresses, '12.3 s (stack 3.1 s)', plain);
  expect(text).toContain("curl 'http://127.0.0.1:3000/predict/AAPL?horizon=10'");
  expect(text).toContain('http://127.0.0.1:3000/docs');
  expect(text).toContain('http://127.0.0.1:8233');
  expect(text).toContain('ready in 12.3 s (stack 3.1 s)');

  const bare = readyText({ run, entries: [], answers: [] }, { api: addresses.api }, '1.0 s', plain);
  expect(bare).toContain("curl 'http://127.0.0.1:3000/tickers'");
  expect(bare).not.toContain('Temporal UI');
});

test('machines are told no password', () => {
  const addresses = { api: 'http://127.0.0.1:3000', databaseUrl: 'postgres://stockcast:secret@127.0.0.1/x' };
  const record = readyRecord({ run, entries: [entry], answers: [answer] }, addresses, { total: 1 });
  expect(record.addresses).toEqual({ api: 'http://127.0.0.1:3000', documentation: 'http://127.0.0.1:3000/docs' });
  expect(JSON.stringify(record)).not.toContain('secret');
});

test('the list of runs tells how each ended and how long it took', () => {
  const { run_id, workflow, started_at } = run;
  const closed = { run_id: 'train/default/F/2013-03-01/ffffffffffff', workflow, started_at };
  const list = runList(
    [
      { run_id, workflow, started_at, status: 'running', stage: null, closed_at: null },
      { ...closed, status: 'running', stage: 'train', closed_at: null },
      { ...closed, status: 'running', stage: 'parked', closed_at: null },
      { ...closed, status: 'running', stage: 'awaiting-approval', closed_at: null },
      { ...closed, status: 'failed', stage: 'parked', closed_at: '2026-01-05T12:01:05.000Z' },
    ],
    plain,
  );
  expect(list.split('\n')).toEqual([
    'run                                             status             started                        took',
    'train-universe/default/2013-03-01/0123456789ab  running            2026-01-05 12:00:00 UTC',
    'train/default/F/2013-03-01/ffffffffffff         running            2026-01-05 12:00:00 UTC',
    'train/default/F/2013-03-01/ffffffffffff         parked             2026-01-05 12:00:00 UTC',
    'train/default/F/2013-03-01/ffffffffffff         awaiting-approval  2026-01-05 12:00:00 UTC',
    'train/default/F/2013-03-01/ffffffffffff         failed             2026-01-05 12:00:00 UTC  1 min 05 s',
  ]);
  expect(runList([], plain)).toContain('no runs yet');
});

test('what is one is counted as one', () => {
  const judged = { id: 'e', state: 'running' as const, pairs: 1, reasons: [], problems: [] };
  const result = { asOf: '2013-03-01', experiments: [judged] };
  const text = runDetails({ ...run, status: 'completed', result }, plain);
  expect(text).toContain('  as of 2013-03-01: 1 experiment judged\n  e  running, 1 pair');
});

test('of a running run that tells nothing it is said why', () => {
  expect(runDetails(run, plain)).toContain('\n  no worker answers, so how far it is cannot be told');
  expect(runDetails({ ...run, workflow: 'backfill' }, plain)).toContain(`npx stockcast backfill status ${run.run_id}`);
  expect(runDetails({ ...run, workflow: 'retrain' }, plain)).not.toContain('how far');
  expect(runDetails({ ...run, status: 'cancelled' }, plain)).not.toContain('how far');
});

test('a running run shows how far each ticker is', () => {
  const progress: RunView['progress'] = [
    {
      ticker: 'AAPL',
      status: 'running',
      stages: [
        { stage: 'ingest', status: 'done', done: 1, total: 1 },
        { stage: 'train', status: 'running', done: 5, total: 8 },
      ],
    },
    { ticker: 'F', status: 'failed', failure: { code: 'TOO_FEW_SESSIONS', message: 'too few' } },
    { ticker: 'T', status: 'waiting' },
  ];
  const retrying = [{ activity: 'train', attempt: 2, last_failure: 'the thread died' }];
  expect(runDetails({ ...run, progress, retrying }, plain).split('\n')).toEqual([
    'train-universe/default/2013-03-01/0123456789ab  running',
    '  started   2026-01-05 12:00:00 UTC',
    '  web page  http://127.0.0.1:8233/x',
    '  AAPL  ingest done, train 5/8',
    '  F  failed: TOO_FEW_SESSIONS: too few',
    '  T  waiting',
    '  train is tried again (attempt 2): the thread died',
  ]);
});

test('a run that waits for a verdict says on what, and how to give it', () => {
  const id = 'train/default/AAPL/2013-03-01/0';
  const awaiting = [{ horizon: 10, model: 'lstm' }];
  const progress: RunView['progress'] = [
    { ticker: 'AAPL', status: 'running', run_id: id, stages: [], awaiting_approval: awaiting },
  ];
  expect(
    runDetails({ ...run, progress }, plain)
      .split('\n')
      .slice(-3),
  ).toEqual([
    '  AAPL  waits for a verdict on lstm, 10 sessions:',
    `    npx stockcast runs approve ${id} --horizon 10 --by NAME --reason TEXT`,
    `    npx stockcast runs reject ${id} --horizon 10 --by NAME --reason TEXT`,
  ]);
});

test('a run that has ended shows its result or its failure', () => {
  const ended: RunView = { ...run, status: 'completed', closed_at: '2026-01-05T12:00:09.400Z', ui: null };
  const outcomes = [
    { ticker: 'AAPL', status: 'completed' as const, workflowId: 'w' },
    { ticker: 'F', status: 'failed' as const, workflowId: 'v', code: 'TOO_FEW_SESSIONS', message: 'too few' },
  ];
  const universe = runDetails({ ...ended, result: { outcomes } }, plain);
  expect(universe).toContain('ended     2026-01-05 12:00:09 UTC, after 9.4 s');
  expect(universe).toContain('AAPL  completed\n  F  failed: TOO_FEW_SESSIONS: too few');

  const promotions = [
    { horizon: 1, modelId: 'a', kind: 'naive', movedLive: true },
    { horizon: 10, modelId: 'b', kind: 'linear', movedLive: false },
  ];
  const result = { ticker: 'AAPL', asOf: '2013-03-01', datasetId: 'd', promotions, notes: ['short history'] };
  const ticker = runDetails({ ...ended, result }, plain);
  expect(ticker).toContain(
    'horizon 1: naive was put into service\n  horizon 10: linear was chosen\n  note: short history',
  );

  const failure = { code: 'OBJECT_DAMAGED', message: 'the object is damaged' };
  expect(runDetails({ ...ended, status: 'failed', failure }, plain)).toContain('OBJECT_DAMAGED: the object is damaged');
});

const report: TakeInReport = {
  file: 'prices.csv',
  ingest_id: 'f00',
  accepted_rows: 3,
  rejected_rows: 0,
  rejected: [],
  notices: [],
  tickers: [
    { ticker: 'AAPL', rows: 2, added: 1, first_session: '2013-02-28', last_session: '2013-03-01' },
    { ticker: 'F', rows: 1, added: 1, first_session: '2013-03-01', last_session: '2013-03-01' },
  ],
  unchanged: 1,
  restated: [],
  n_restated: 0,
  events_added: 0,
  events_restated: 0,
  restatement: null,
  suspected_splits: [],
};

test('a file that was taken in is told in one line when all is well', () => {
  expect(takeInSummary(report)).toBe('prices.csv: 3 sessions of AAPL, F: 2 new, 1 known already');
});

test('rejected rows, notices and restatements are told, the first of many', () => {
  const rejected = Array.from({ length: 25 }, (_, i) => ({
    file: 'prices.csv',
    line: i + 2,
    column: 'close',
    value: i === 0 ? '' : '-1',
    reason: 'must be above 0',
  }));
  const lines = takeInSummary({
    ...report,
    rejected_rows: 25,
    rejected,
    notices: ['column "note" is ignored'],
    restated: [{ ticker: 'F', date: '2013-03-01' }],
    n_restated: 1,
    events_added: 2,
    events_restated: 1,
  }).split('\n');
  expect(lines[0]).toContain('2 new, 1 known already, 1 restated, 25 rejected, 2 new events, 1 events restated');
  expect(lines[1]).toBe('  rejected: line 2, close: must be above 0');
  expect(lines[2]).toBe('  rejected: line 3, close "-1": must be above 0');
  expect(lines[21]).toBe('  and 5 more');
  expect(lines.slice(22)).toEqual(['  notice: column "note" is ignored', '  restated: F 2013-03-01']);
});

test('tickers and findings are listed', () => {
  const tickers = [
    { ticker: 'AAPL', sector: 'Technology', sessions: 3270, firstSession: '2000-03-01', lastSession: '2013-03-01' },
  ];
  expect(tickerTable(tickers, plain)).toContain('AAPL    Technology      3270  2000-03-01  2013-03-01');
  expect(tickerTable([], plain)).toContain('npx stockcast upload FILE');
  expect(findingTable([{ part: 'Go', status: 'missing', hint: 'install it' }], plain)).toContain(
    'Go    missing           install it',
  );
});
