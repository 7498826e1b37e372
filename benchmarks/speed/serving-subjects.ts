import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OURSELVES } from '../figure.ts';
import { pythonEnvironment } from '../peers/python-environment.ts';
import { type ServedProcess, startServer } from './served-process.ts';

/** What is asked of a server: the answer as it was last given, or one that a kind computes for this very request. */
export type Inference = 'cached' | 'forest' | 'lstm' | 'ensemble';

/** One of those compared. */
export interface ServingSubject {
  readonly name: string;
  /** What it can be asked for. */
  readonly inferences: readonly Inference[];
  /** Starts it; its owner closes it. */
  start(inference: Inference): Promise<ServedProcess>;
}

const EXPRESS = 'express';
const NODE_HTTP = 'node-http';
const FASTAPI = { 'fastapi-sklearn': 'sklearn', 'fastapi-onnx': 'onnx' } as const;

/** Names of all subjects, ourselves first. */
export const SERVING_SUBJECTS: readonly string[] = [OURSELVES, EXPRESS, NODE_HTTP, ...Object.keys(FASTAPI)];

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = `${PROJECT}cli/stockcast.js`;
const CONSTANT_SERVER = `${PROJECT}benchmarks/peers/constant-server.ts`;
const PYTHON_SERVER = `${PROJECT}benchmarks/peers/serving_peer.py`;
const REQUIREMENTS = `${PROJECT}benchmarks/peers/serving-requirements.txt`;
const ADDRESS = /^(http:\S+)$/;

const POLL_MS = 20;

/** More than any load here sends, so that what is measured is the answer and not its refusal. */
const NO_RATE_LIMIT = String(1e9);

/**
 * The local stack with the bundled prices and every kind trained; what it learnt is kept in the state folder, so that
 * the next run finds it.
 */
export function startStack(stateDir: string, said: (line: string) => void): Promise<ServedProcess> {
  return startServer({
    name: 'the local stack',
    command: process.execPath,
    args: [COMMAND, 'up'],
    env: { STOCKCAST_STATE_DIR: stateDir },
    listening: /serving until Ctrl-C/,
    said,
  });
}

/**
 * The API beside a running stack, as one process with everything on as in production but for its rate limit; waits until
 * it says that it is ready, promoted models included.
 */
export async function startOurs(stateDir: string, more: Readonly<Record<string, string>>): Promise<ServedProcess> {
  const api = await startServer({
    name: 'the API',
    command: process.execPath,
    args: [COMMAND, 'api'],
    env: { STOCKCAST_STATE_DIR: stateDir, STOCKCAST_API_PORT: '0', STOCKCAST_RATE_LIMIT: NO_RATE_LIMIT, ...more },
    listening: /^api ready: (\S+)/,
  });
  while ((await fetch(`${api.url}/ready`)).status !== 200) await sleep(POLL_MS);
  return api;
}

/** The subjects with these names. `body` is what the servers with a constant answer give. */
export async function servingSubjects(
  names: readonly string[],
  stateDir: string,
  body: string,
  progress: (text: string) => void,
): Promise<ServingSubject[]> {
  const needsPython = names.some((name) => name in FASTAPI);
  const python = needsPython ? await pythonEnvironment(progress, { requirements: REQUIREMENTS }) : '';
  return names.map((name) => {
    if (name === OURSELVES) return ours(stateDir);
    if (name === EXPRESS || name === NODE_HTTP) return constant(name, body);
    const mode = FASTAPI[name as keyof typeof FASTAPI];
    const start = () => startServer({ name, command: python, args: [PYTHON_SERVER, mode], listening: ADDRESS });
    return { name, inferences: ['forest'], start };
  });
}

function ours(stateDir: string): ServingSubject {
  return {
    name: OURSELVES,
    inferences: ['cached', 'forest', 'lstm', 'ensemble'],
    start: (inference) => startOurs(stateDir, inference === 'cached' ? {} : { STOCKCAST_PREDICTION_CACHE: 'off' }),
  };
}

function constant(name: string, body: string): ServingSubject {
  const args = ['--import', 'tsx', CONSTANT_SERVER, name, body];
  const start = () => startServer({ name, command: process.execPath, args, listening: ADDRESS });
  return { name, inferences: ['cached'], start };
}
