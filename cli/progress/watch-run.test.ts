import { expect, test } from 'vitest';
import { TextSink } from '../../tests/support/text-sink.ts';
import { fixedClock } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { RunView } from '../../serving/run-view.ts';
import { Interrupted } from '../failure.ts';
import { Output } from '../output.ts';
import { watchRun } from './watch-run.ts';

const STARTED = '2026-01-05T12:00:00.000Z';
const context = { tenant: 'default', principal: 'test', clock: fixedClock('2026-01-05T12:00:07.000Z') };

const runIn = (status: RunView['status'], ticker: 'waiting' | 'completed'): RunView => ({
  run_id: 'train-universe/default/2013-03-01/0123456789ab',
  workflow: 'trainUniverse',
  status,
  started_at: STARTED,
  closed_at: null,
  ui: null,
  progress: [{ ticker: 'AAPL', status: ticker }],
});

/** Watches a run that answers as scripted, one step a poll; the last step repeats. */
function watching(steps: readonly (RunView | Error)[], terminalRows?: number) {
  const stdout = new TextSink(terminalRows);
  const controller = new AbortController();
  let polls = 0;
  const describe = async () => {
    const step = steps[Math.min(polls++, steps.length - 1)]!;
    if (step instanceof Error) throw step;
    return step;
  };
  const output = new Output(stdout, new TextSink(), false);
  const watch = { context, output, signal: controller.signal, describe, pollMs: 1, patienceMs: 50 };
  return { watch, stdout, controller };
}

const away = new StockcastError('TEMPORAL_UNAVAILABLE', { address: '127.0.0.1:7233', problem: 'refused' });

test('a run is followed in plain lines until it has ended', async () => {
  const { watch, stdout } = watching([
    runIn('running', 'waiting'),
    runIn('running', 'completed'),
    runIn('completed', 'completed'),
  ]);
  expect(await watchRun(watch)).toMatchObject({ status: 'completed' });
  expect(stdout.text).toBe('   7.0 s  AAPL: waiting\n   7.0 s  AAPL: done\n');
});

/** A run of one ticker that is being trained; without stages where the ticker did not answer. */
function training(stages?: NonNullable<RunView['progress']>[number]['stages']): RunView {
  const state = { ticker: 'IBM', status: 'running' as const, run_id: 'train/default/IBM/2013-03-01/0' };
  return { ...runIn('running', 'waiting'), progress: [{ ...state, ...(stages === undefined ? {} : { stages }) }] };
}
const INGESTED = [
  { stage: 'ingest' as const, status: 'done' as const, done: 1, total: 1 },
  { stage: 'train' as const, status: 'running' as const, done: 5, total: 8 },
];

test('a ticker that does not answer once is as far as it was', async () => {
  const steps = [training(INGESTED), training(), training(INGESTED), runIn('completed', 'completed')];
  const { watch, stdout } = watching(steps);
  await watchRun(watch);
  expect(stdout.text).toBe('   7.0 s  IBM: ingest done, train running\n');

  const terminal = watching(steps, 24);
  await watchRun(terminal.watch);
  expect(terminal.stdout.text).toContain('5/8');
  expect(terminal.stdout.text).not.toContain('starting');
});

test('on a terminal the progress is drawn in place, with what else is said above it', async () => {
  const { watch, stdout } = watching([runIn('running', 'waiting'), runIn('completed', 'completed')], 24);
  const { describe } = watch;
  await watchRun({
    ...watch,
    describe: () => {
      watch.output.say('worker was started again');
      return describe();
    },
  });
  watch.output.say('the end');
  expect(stdout.text).toContain('worker was started again\n');
  expect(stdout.text).toContain('waiting');
  expect(stdout.text.endsWith('\u001b[2F\u001b[0Jthe end\n')).toBe(true);
});

test('a Temporal that comes back is waited for and told of once', async () => {
  const { watch, stdout } = watching([away, away, runIn('completed', 'completed')]);
  await watchRun(watch);
  expect(stdout.text.match(/Temporal does not answer/g)).toHaveLength(1);
});

test('a Temporal that stays away ends the watching', async () => {
  let ms = 0;
  const { watch } = watching([away]);
  const clock = { now: () => new Date(Date.parse(STARTED) + (ms += 20)) };
  await expect(watchRun({ ...watch, context: { ...context, clock } })).rejects.toBe(away);
});

test('another failure is not waited out', async () => {
  const unknown = new StockcastError('RUN_UNKNOWN', { run: 'x' });
  await expect(watchRun(watching([unknown]).watch)).rejects.toBe(unknown);
});

test('an interruption ends the watching at once', async () => {
  const { watch, controller } = watching([runIn('running', 'waiting')]);
  setTimeout(() => controller.abort(), 20);
  await expect(watchRun({ ...watch, pollMs: 60_000 })).rejects.toBeInstanceOf(Interrupted);
});
