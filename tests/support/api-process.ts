import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { eventually } from './redis.ts';

const BIN = join(PROJECT_DIR, 'cli', 'stockcast.js');

/** The API as a process of its own, or several of them behind one port. */
export interface ApiProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has said so far, without its log. */
  said(): string;
  /** What it has logged so far. */
  log(): string;
}

/** Starts the API on a free port with these settings, and waits until it listens. Its owner ends it. */
export async function startApiProcess(settings: Readonly<Record<string, string>>): Promise<ApiProcess> {
  const child = spawn(process.execPath, [BIN, 'api'], {
    cwd: PROJECT_DIR,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, STOCKCAST_API_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await eventually(() => stdout.includes('\n') || child.exitCode !== null);
  if (!stdout.startsWith('api ready: ')) throw new Error(`the API ended instead of listening: ${stdout}${stderr}`);
  return { child, url: stdout.split('\n')[0]!.replace('api ready: ', ''), said: () => stdout, log: () => stderr };
}
