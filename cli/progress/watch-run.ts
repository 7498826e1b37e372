import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { RunView } from '../../serving/run-view.ts';
import { Interrupted } from '../failure.ts';
import type { Output } from '../output.ts';
import { isParked } from './run-outcome.ts';
import { LiveBlock } from './live-block.ts';
import { progressLines } from './progress-lines.ts';
import { ProgressLog } from './progress-log.ts';

const POLL_MS = 500;
// As long as a local stack takes to bring a dead Temporal back, generously.
const PATIENCE_MS = 60_000;

/** Where a watched run is read and shown. */
export interface Watch {
  readonly context: Context;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Reads the run; `describeRun` of the use cases. */
  readonly describe: () => Promise<RunView>;
  /** Whether to leave a run of which nothing goes on until a person mends what is parked. */
  readonly leaveParked?: boolean;
  readonly pollMs?: number;
  readonly patienceMs?: number;
}

/** Where progress is shown. */
interface Display {
  show(run: RunView, elapsedMs: number): void;
  end(): void;
}

/**
 * Shows a run's progress until it has ended, and returns it as it ended (or as it was left); lines that are said meanwhile appear above it.
 * Bears with a Temporal that is away for a minute, since the run itself goes on when it is back.
 * @throws Interrupted when the signal aborts; the run goes on
 */
export async function watchRun(watch: Watch): Promise<RunView> {
  const { context, output, signal, describe, leaveParked, pollMs = POLL_MS, patienceMs = PATIENCE_MS } = watch;
  const display = output.progress.isTTY === true ? blockDisplay(output) : lineDisplay(output);
  let awaySince: number | undefined;
  try {
    for (;;) {
      if (signal.aborted) throw new Interrupted('stopped watching');
      const now = context.clock.now().getTime();
      try {
        const run = await describe();
        awaySince = undefined;
        if (run.status !== 'running') return run;
        display.show(run, now - Date.parse(run.started_at));
        if (leaveParked === true && isParked(run)) return run;
      } catch (error) {
        if (!(error instanceof StockcastError) || error.code !== 'TEMPORAL_UNAVAILABLE') throw error;
        if (awaySince === undefined) output.say('Temporal does not answer; the run goes on when it is back');
        awaySince ??= now;
        if (now - awaySince > patienceMs) throw error;
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    display.end();
  }
}

function blockDisplay(output: Output): Display {
  const block = new LiveBlock(output.progress);
  const endDiversion = output.divert((line) => block.above(line));
  return {
    show: (run, elapsedMs) => block.draw(progressLines(run, elapsedMs, output.colors)),
    end: () => {
      block.clear();
      endDiversion();
    },
  };
}

function lineDisplay(output: Output): Display {
  const log = new ProgressLog();
  return {
    show: (run, elapsedMs) => {
      for (const line of log.news(run, elapsedMs)) output.say(line);
    },
    end: () => undefined,
  };
}
