import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';

/**
 * Arguments with which the dev server hands out what is due at once. It reads a queue of due work at most 20 times a
 * second unless told otherwise, which is meant for each of the hundreds of shards of a cluster: the dev server has one,
 * so that no more than 20 steps of all runs together would begin in a second, and a step wait 40 ms for its turn. And it
 * splits each task queue in four: a worker with one slot asks one part at a time, while its next task lies in another.
 * See docs/decisions/temporal-dispatch.md.
 */
export const PROMPT_DISPATCH: readonly string[] = [
  ...['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=1000`),
  ...['Read', 'Write'].map((way) => `matching.numTaskqueue${way}Partitions=1`),
].flatMap((setting) => ['--dynamic-config-value', setting]);

/** How to run Temporal's dev server as a child process. */
export interface TemporalServerOptions {
  /** The Temporal CLI. */
  readonly path: string;
  readonly port: number;
  readonly uiPort: number;
  /** File that its state is kept in; absent means memory. */
  readonly dbFile?: string;
}

/**
 * The command line of a Temporal dev server with its Web UI, on 127.0.0.1 alone. Its SQLite file is written through a
 * write-ahead log without waiting for the disk, which makes it three to four times as fast: a crash of the machine may
 * cost the last moments, a kill of the process costs nothing.
 */
export function temporalServer(options: TemporalServerOptions): { command: string; args: string[] } {
  const { path, port, uiPort, dbFile } = options;
  const file =
    dbFile === undefined
      ? []
      : ['--db-filename', dbFile, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF'];
  return {
    command: path,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--log-level', 'warn', ...file, ...PROMPT_DISPATCH],
      ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
  };
}
