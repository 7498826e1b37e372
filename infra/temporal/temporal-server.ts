import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';

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
      ...['--log-level', 'warn', ...file],
      ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
  };
}
