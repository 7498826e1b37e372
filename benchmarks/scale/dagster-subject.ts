import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../peers/python-environment.ts';
import type { Ground } from './ground.ts';
import type { Cost } from './work.ts';

const JOB = fileURLToPath(new URL('../peers/dagster_peer.py', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('../peers/dagster-requirements.txt', import.meta.url));

/** The universe as a Dagster job with scikit-learn's models, with as many processes at a time as workers. */
export async function runDagster(ground: Ground, nProcesses: number, say: (text: string) => void): Promise<Cost> {
  const python = await pythonEnvironment(say, { requirements: REQUIREMENTS });
  const home = join(ground.stateDir, 'dagster');
  mkdirSync(home, { recursive: true });
  const { stdout } = await promisify(execFile)(python, [JOB, ground.pricesPath, home, String(nProcesses)], {
    env: { ...process.env, DAGSTER_HOME: home, DAGSTER_DISABLE_TELEMETRY: 'yes', DO_NOT_TRACK: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Cost;
}
