import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { BackfillView } from '../../serving/backfills/backfill-view.ts';
import type { RunView } from '../../serving/run-view.ts';
import { Interrupted } from '../failure.ts';
import type { Colors, Output } from '../output.ts';
import { isParked } from './run-outcome.ts';
import { BackfillLog, backfillLines } from './backfill-lines.ts';
import { LastKnown } from './last-known.ts';
import { LiveBlock } from './live-block.ts';
import { progressLines } from './progress-lines.ts';
import { ProgressLog } from './progress-log.ts';

const POLL_MS = 500;
// As long as a local stack takes to bring a dead Temporal back, generously.
const PATIENCE_MS = 60_000;

/** What can be watched. */
type Watched = Pick<RunView, 'status' | 'started_at'>;

/** Where a watched run is read and shown. */
export interface Watch<V extends Watched = RunView> {
  readonly context: Context;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Reads the run; `describeRun` or `describeBackfill` of the use cases. */
  readonly describe: () => Promise<V>;
  readonly pollMs?: number;
  readonly patienceMs?: number;
}

/** Where a training run is read and shown. */
export interface RunWatched extends Watch {
  /** Whether to leave a run of which nothing goes on until a person mends what is parked. */
  readonly leaveParked?: boolean;
}

/** Where progress is shown. */
interface Display<V> {
  show(run: V, elapsedMs: number): void;
  end(): void;
}

/** How progress is told: as a block of lines on a terminal, elsewhere by the lines that are new. */
interface Telling<V> {
  lines(run: V, elapsedMs: number, colors: Colors): string[];
  news(run: V, elapsedMs: number): string[];
}

/**
 * Shows a run's progress until it has ended, and returns it as it ended, or as it was left; lines that are said
 * meanwhile appear above it. Bears with a Temporal that is away for a minute, since the run itself goes on when it is back.
 * @throws Interrupted when the signal aborts; the run goes on
 */
export function watchRun({ leaveParked = false, ...watch }: RunWatched): Promise<RunView> {
  const [log, known] = [new ProgressLog(), new LastKnown()];
  const telling: Telling<RunView> = {
    lines: (run, elapsedMs, colors) => progressLines(known.fill(run), elapsedMs, colors),
    news: (run, elapsedMs) => log.news(known.fill(run), elapsedMs),
  };
  return follow(watch, telling, (run) => leaveParked && isParked(run));
}

/** As `watchRun`, for a backfill. @throws Interrupted when the signal aborts; the backfill goes on */
export function watchBackfill(watch: Watch<BackfillView>): Promise<BackfillView> {
  const log = new BackfillLog();
  const telling = { lines: backfillLines, news: (run: BackfillView, elapsedMs: number) => log.news(run, elapsedMs) };
  return follow(watch, telling, () => false);
}

async function follow<V extends Watched>(
  watch: Watch<V>,
  telling: Telling<V>,
  isLeft: (run: V) => boolean,
): Promise<V> {
  const { context, output, signal, describe, pollMs = POLL_MS, patienceMs = PATIENCE_MS } = watch;
  const display = output.progress.isTTY === true ? blockDisplay(output, telling) : lineDisplay(output, telling);
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
        if (isLeft(run)) return run;
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

function blockDisplay<V>(output: Output, { lines }: Telling<V>): Display<V> {
  const block = new LiveBlock(output.progress);
  const endDiversion = output.divert((line) => block.above(line));
  return {
    show: (run, elapsedMs) => block.draw(lines(run, elapsedMs, output.colors)),
    end: () => {
      block.clear();
      endDiversion();
    },
  };
}

function lineDisplay<V>(output: Output, { news }: Telling<V>): Display<V> {
  return {
    show: (run, elapsedMs) => {
      for (const line of news(run, elapsedMs)) output.say(line);
    },
    end: () => undefined,
  };
}
