import { type BackfillStand, type BackfillView, endedOf } from '../../serving/backfills/backfill-view.ts';
import type { Colors } from '../output.ts';
import { seconds } from './seconds.ts';

const BAR_CELLS = 30;
/** Lines for partitions under way and for failures, each. */
const MOST_ROWS = 6;

/** A running backfill as a block of lines: how far it is and how fast, what is under way, what failed of late. */
export function backfillLines({ status, progress }: BackfillView, elapsedMs: number, colors: Colors): string[] {
  const header = `${colors.bold('backfill')} ${seconds(elapsedMs)}`;
  if (progress === undefined) return [`${header}, waiting for a worker`];
  if (progress.stage === 'planning') return [`${header}, planning`];
  const { running, newest_failures: failures, total, counts } = progress;
  const filled = Math.floor((endedOf(counts) / total) * BAR_CELLS);
  const shown = running.slice(0, MOST_ROWS);
  return [
    header,
    `  ${colors.cyan('█'.repeat(filled))}${'░'.repeat(BAR_CELLS - filled)} ${standOf(status, progress)}`,
    ...shown.map(({ ticker, as_of }) => `  ${colors.bold(ticker)} as of ${as_of}`),
    ...(running.length > shown.length ? [`  and ${running.length - shown.length} more`] : []),
    ...failures
      .slice(-MOST_ROWS)
      .map(({ ticker, as_of, code, message }) => colors.red(`  ✗ ${ticker} as of ${as_of}: ${code}: ${message}`)),
  ];
}

/** How far a backfill is, how it went and, while it runs, how long it may take, in one line. */
export function standOf(status: BackfillView['status'], progress: BackfillStand): string {
  const { total, per_minute: perMinute, seconds_left: secondsLeft, stage, counts } = progress;
  const done = [`${endedOf(counts)} of ${total}`, ...countsInWords(counts)];
  // One that was stopped answers what it did when it still went on.
  if (status !== 'running') return done.join(', ');
  const rate = perMinute === null ? [] : [`${perMinute.toFixed(1)} a minute`];
  const left = stage === 'done' || secondsLeft === null ? [] : [`${seconds(secondsLeft * 1000)} left at that rate`];
  const paused = stage === 'paused' ? ['paused'] : [];
  return [...done, ...paused, ...rate, ...left].join(', ');
}

/** `3 made`, `2 there already` and so on; what did not occur is left out. */
export function countsInWords({ made, standing, unavailable, failed }: BackfillStand['counts']): string[] {
  const words: [number, string][] = [
    [made, 'made'],
    [standing, 'there already'],
    [unavailable, 'with too little history then'],
    [failed, 'failed'],
  ];
  return words.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

/** Tells a backfill's progress in plain lines: one for each percent, each change of stage and each failure that is told. */
export class BackfillLog {
  #told = '';
  readonly #failures = new Set<string>();

  /** The lines that are new since the last call. */
  news({ status, progress }: BackfillView, elapsedMs: number): string[] {
    const at = seconds(elapsedMs).padStart(8);
    const percent =
      progress === undefined ? 0 : Math.floor((100 * endedOf(progress.counts)) / Math.max(1, progress.total));
    const mark = progress === undefined ? 'none' : `${progress.stage} ${percent}`;
    const failures = (progress?.newest_failures ?? [])
      .map(({ ticker, as_of, code, message }) => `${ticker} as of ${as_of} failed: ${code}: ${message}`)
      .filter((line) => !this.#failures.has(line));
    for (const line of failures) this.#failures.add(line);
    const isNew = mark !== this.#told;
    this.#told = mark;
    const stand =
      progress === undefined
        ? 'waiting for a worker'
        : progress.stage === 'planning'
          ? 'planning'
          : standOf(status, progress);
    return [...(isNew ? [`${at}  ${stand}`] : []), ...failures.map((line) => `${at}  ${line}`)];
  }
}
