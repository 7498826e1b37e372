import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Config, loadConfig } from '../config/config.ts';
import { SETTINGS } from '../config/settings.ts';
import { type S3Settings, type StackAddresses, readStackFile } from '../config/stack-file.ts';
import type { Finding } from '../domain/finding.ts';
import { findBucket } from './minio/find-bucket.ts';
import { findPostgresBinaries, program } from './postgres/postgres-binaries.ts';
import { cacheDir } from './go-program.ts';
import { TEMPORAL_CLI_VERSION, findTemporalCli } from './temporal/temporal-cli.ts';

const LEAST_FREE_GB = 2;
const PATIENCE_MS = 2000;

/** Looks at what the project needs on this machine, and what of it runs; changes nothing. */
export async function diagnose(env: NodeJS.ProcessEnv, cwd: string): Promise<Finding[]> {
  const stateDir = resolve(cwd, SETTINGS.STOCKCAST_STATE_DIR.parse(env.STOCKCAST_STATE_DIR || undefined));
  const { config, problems } = configuration(env, cwd);
  return [
    node(),
    ...problems,
    ...(await Promise.all([temporal(env), go(), postgres(env), duckdb(), disk(stateDir), stack(stateDir)])),
    ...(await Promise.all(mlflow(env))),
    // The folder needs nothing.
    ...(config?.s3 === undefined ? [] : [await objects(config.s3)]),
  ];
}

// Told only when it is wrong: it is neither a program nor a place.
function configuration(env: NodeJS.ProcessEnv, cwd: string): { config?: Config; problems: Finding[] } {
  try {
    return { config: loadConfig(env, cwd, () => undefined), problems: [] };
  } catch (error) {
    return { problems: [{ part: 'Configuration', status: 'wrong', hint: messageOf(error) }] };
  }
}

async function objects(s3: S3Settings): Promise<Finding> {
  const part = 'Object store';
  const where = `${s3.endpoint}/${s3.bucket}`;
  try {
    const isThere = await findBucket(s3, PATIENCE_MS);
    const hint = `external, by S3_ENDPOINT${isThere ? '' : '; the bucket is made at first use'}`;
    return { part, status: 'ok', where, hint };
  } catch (error) {
    return { part, status: 'wrong', where, hint: `${messageOf(error)}; check S3_ENDPOINT and the keys` };
  }
}

function node(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const fine = major > 20 || (major === 20 && minor >= 19);
  return {
    part: 'Node',
    status: fine ? 'ok' : 'wrong',
    version: process.versions.node,
    where: process.execPath,
    ...(fine ? {} : { hint: 'install Node 20.19 or newer' }),
  };
}

async function temporal(env: NodeJS.ProcessEnv): Promise<Finding> {
  const part = 'Temporal CLI';
  if (env.TEMPORAL_ADDRESS)
    return { part, status: 'ok', where: env.TEMPORAL_ADDRESS, hint: 'external, by TEMPORAL_ADDRESS' };
  const found = await findTemporalCli();
  if (found === undefined) {
    return {
      part,
      status: 'missing',
      hint: `npm start makes version ${TEMPORAL_CLI_VERSION}, with Go or by download, in ${cacheDir(env)}`,
    };
  }
  return { part, status: 'ok', version: found.version.replace(/^temporal version /, ''), where: found.path };
}

async function go(): Promise<Finding> {
  const version = await output('go', ['version']);
  if (version !== undefined) return { part: 'Go', status: 'ok', version: version.replace(/^go version /, '') };
  const needed = (await findTemporalCli()) === undefined;
  return {
    part: 'Go',
    status: needed ? 'missing' : 'ok',
    hint: 'builds the Temporal CLI where it cannot be downloaded',
  };
}

async function postgres(env: NodeJS.ProcessEnv): Promise<Finding> {
  const part = 'PostgreSQL';
  if (env.DATABASE_URL) {
    if (!URL.canParse(env.DATABASE_URL)) return { part, status: 'wrong', hint: 'DATABASE_URL is no address' };
    return { part, status: 'ok', where: new URL(env.DATABASE_URL).host, hint: 'external, by DATABASE_URL' };
  }
  try {
    const { dir } = findPostgresBinaries();
    const version = await output(program(dir, 'postgres'), ['--version']);
    if (version === undefined)
      return { part, status: 'wrong', where: dir, hint: 'its programs do not run here; npm install again' };
    return { part, status: 'ok', version: version.replace(/^postgres \(PostgreSQL\) /, ''), where: dir };
  } catch (error) {
    return { part, status: 'missing', hint: messageOf(error) };
  }
}

async function duckdb(): Promise<Finding> {
  try {
    const { version } = await import('@duckdb/node-api');
    return { part: 'DuckDB', status: 'ok', version: version() };
  } catch (error) {
    return { part: 'DuckDB', status: 'wrong', hint: messageOf(error) };
  }
}

// Told only where one is named: nothing needs it.
function mlflow({ MLFLOW_TRACKING_URI: uri }: NodeJS.ProcessEnv): Promise<Finding>[] {
  if (uri === undefined || uri === '' || !URL.canParse(uri)) return [];
  return [mlflowAt(new URL(uri))];
}

async function mlflowAt({ origin, pathname }: URL): Promise<Finding> {
  const [part, where] = ['MLflow', `${origin}${pathname.replace(/\/$/, '')}`];
  try {
    const answer = await fetch(`${where}/version`, { signal: AbortSignal.timeout(2000) });
    if (!answer.ok) return { part, status: 'wrong', where, hint: `it answers ${answer.status}` };
    return { part, status: 'ok', version: await answer.text(), where, hint: 'by MLFLOW_TRACKING_URI' };
  } catch {
    return { part, status: 'wrong', where, hint: 'it does not answer; it is told what it lacks when it is back' };
  }
}

async function disk(stateDir: string): Promise<Finding> {
  let where = stateDir;
  while (!existsSync(where)) where = dirname(where);
  const { bavail, bsize } = await statfs(where);
  const free = (bavail * bsize) / 1e9;
  const fine = free >= LEAST_FREE_GB;
  return {
    part: 'Disk',
    status: fine ? 'ok' : 'wrong',
    version: `${free.toFixed(1)} GB free`,
    where,
    ...(fine ? {} : { hint: `${LEAST_FREE_GB} GB are needed` }),
  };
}

async function stack(stateDir: string): Promise<Finding> {
  let addresses: StackAddresses | undefined;
  try {
    addresses = readStackFile(stateDir)?.addresses;
  } catch (error) {
    return { part: 'Local stack', status: 'wrong', where: stateDir, hint: messageOf(error) };
  }
  if (addresses === undefined)
    return { part: 'Local stack', status: 'ok', where: stateDir, hint: 'not running; npm start runs it' };
  try {
    await fetch(`${addresses.api}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return {
      part: 'Local stack',
      status: 'ok',
      where: addresses.api,
      hint: `Temporal UI ${addresses.temporalUi ?? 'unknown'}`,
    };
  } catch {
    // Nobody answers: the stack was killed, and its file is still there.
    return {
      part: 'Local stack',
      status: 'wrong',
      where: addresses.api,
      hint: 'it was killed; npm start cleans up and starts it again',
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(command, args, { timeout: 10_000 })).stdout.trim();
  } catch {
    // Not there, or not runnable: what the caller asks about.
    return undefined;
  }
}
