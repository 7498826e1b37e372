import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A server in a process of its own. */
export interface ServedProcess {
  /** Address without a path. */
  readonly url: string;
  /** Asks the process to end, and waits until it is gone. */
  close(): Promise<void>;
}

/** A server to start, and how its output tells that it listens. */
export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Matches the line that tells; its first group, if there is one, is the address. */
  readonly listening: RegExp;
  /** Hears every line until then. */
  readonly said?: (line: string) => void;
}

/**
 * Starts a server and waits until it says that it listens.
 * @throws Error when it ends before, with what it wrote last
 */
export async function startServer(server: ServerCommand): Promise<ServedProcess> {
  // Logs go to a file, as in production: a pipe would have this process, which sends the load, read them.
  const folder = mkdtempSync(join(tmpdir(), 'stockcast-bench-'));
  const logPath = join(folder, 'server.log');
  const log = openSync(logPath, 'w');
  const child = spawn(server.command, server.args, {
    env: { ...process.env, ...server.env },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  let last = '';
  const ended = endOf(child);
  const url = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      last = `${last}\n${line}`.slice(-2000);
      const match = server.listening.exec(line);
      if (match === null) server.said?.(line);
      else resolve(match[1] ?? '');
    });
  });
  const died = ended.then(() => {
    const said = `${last}\n${readFileSync(logPath, 'utf8')}`.trim().slice(-2000);
    throw new Error(`${server.name} ended instead of listening: ${said}`);
  });
  died.catch(() => {});
  return {
    url: await Promise.race([url, died]),
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
}
