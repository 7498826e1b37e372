import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { freePort } from '../infra/free-port.ts';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { freshDatabase } from '../tests/support/postgres.ts';

const BIN = join(PROJECT_DIR, 'cli', 'stockcast.js');

const processes: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Starts the API as a process of its own; Temporal is always away. */
async function startProcess(settings: { databaseUrl: string; stateDir?: string; port?: number }) {
  const stateDir = settings.stateDir ?? newFolder();
  const child = spawn(process.execPath, [BIN, 'api'], {
    cwd: PROJECT_DIR,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      STOCKCAST_STATE_DIR: stateDir,
      STOCKCAST_API_PORT: String(settings.port ?? 0),
      DATABASE_URL: settings.databaseUrl,
      TEMPORAL_ADDRESS: `127.0.0.1:${await freePort(0)}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => String(line));
  const line = await Promise.race([ready, exited.then(() => `exited: ${stderr}`)]);
  return { child, exited, line, url: line.replace('api ready: ', ''), stateDir, stderr: () => stderr };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stockcast-api-'));
  folders.push(folder);
  return folder;
}

test('starts and answers while Temporal and the database are away, and finds the database when it comes', async () => {
  const api = await startProcess({ databaseUrl: `postgres://u:p@127.0.0.1:${await freePort(0)}/none` });
  expect(api.line).toMatch(/^api ready: http:\/\/127\.0\.0\.1:\d+$/);

  expect(await ask(`${api.url}/health`)).toMatchObject({ status: 200, body: { status: 'healthy' } });
  const { dependencies } = expectProblem(await ask(`${api.url}/ready`), 'NOT_READY');
  expect(dependencies).toMatchObject([
    { name: 'promoted_models', status: 'down', required: true, problem: expect.stringContaining('0 promoted models') },
    { name: 'database', status: 'down', required: true },
    { name: 'objects', status: 'up' },
    { name: 'temporal', status: 'down', required: false },
    { name: 'prices_yahoo', status: 'up', required: false, breaker: 'closed' },
  ]);
  for (const path of ['/predict/AAPL', '/tickers', '/leaderboard', '/train/AAPL']) {
    const answer = await ask(`${api.url}${path}`);
    expectProblem(answer, 'DATABASE_UNAVAILABLE');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const form = new FormData();
  form.append('file', new Blob(['ticker,sector,date,close,open,low,high,volume\nA,T,2013-03-01,1,1,1,1,1\n']), 'a.csv');
  expectProblem(await ask(`${api.url}/upload`, { method: 'POST', body: form }), 'DATABASE_UNAVAILABLE');
  expect(readdirSync(join(api.stateDir, 'uploads'))).toEqual([]);
});

test('forecasts do not need Temporal', async () => {
  const database = await freshDatabase();
  const api = await startProcess({ databaseUrl: database.url });
  try {
    expect((await ask(`${api.url}/tickers`)).body).toEqual({ tickers: [] });
    expectProblem(await ask(`${api.url}/predict/AAPL`), 'TICKER_UNKNOWN');
    await expect
      .poll(async () => (await ask(`${api.url}/ready`)).body)
      .toMatchObject({
        status: 'degraded',
        dependencies: [{ name: 'promoted_models', status: 'up' }, { name: 'database', status: 'up' }, {}, {}, {}],
      });
  } finally {
    api.child.kill('SIGTERM');
    await api.exited;
    await database.drop();
  }
});

test('on SIGTERM takes no more, lets what is under way finish, and exits', async () => {
  const database = await freshDatabase();
  const api = await startProcess({ databaseUrl: database.url });
  const csv = 'ticker,sector,date,close,open,low,high,volume\nA,T,2013-03-01,1,1,1,1,1\n';
  const body = `--xx\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${csv}\r\n--xx--\r\n`;
  const upload = httpRequest(`${api.url}/upload`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=xx', 'content-length': body.length },
  });
  const answered = once(upload, 'response');
  upload.write(body.slice(0, 90));
  await expect.poll(() => readdirSync(join(api.stateDir, 'uploads')).length).toBe(1);

  const stopping = Date.now();
  api.child.kill('SIGTERM');
  await expect.poll(() => ask(`${api.url}/health`).catch(() => 'refused')).toBe('refused');
  // As when a service manager signals a whole group, and a parent passes the signal on.
  api.child.kill('SIGTERM');
  upload.end(body.slice(90));
  const [response] = await answered;
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(await api.exited).toEqual([0, null]);
  expect(Date.now() - stopping).toBeLessThan(10_000);
  expect(readdirSync(join(api.stateDir, 'uploads'))).toEqual([]);
  await database.drop();
});

test('on SIGTERM writes what is left of the log and of the audit before it exits', async () => {
  const database = await freshDatabase();
  const api = await startProcess({ databaseUrl: database.url });
  const client = new pg.Client({ connectionString: database.url });
  try {
    const headers = { 'x-request-id': 'last-words', authorization: 'Bearer hunter2' };
    expectProblem(await ask(`${api.url}/predict/AAPL?model=linear`, { headers }), 'TICKER_UNKNOWN');
    api.child.kill('SIGTERM');
    expect(await api.exited).toEqual([0, null]);
    const lines = api
      .stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ request_id }) => request_id === 'last-words')).toMatchObject({ ticker: 'AAPL', status: 404 });
    expect(api.stderr()).not.toContain('hunter2');
    await client.connect();
    const { rows } = await client.query('select request_id, code, asked from prediction_log');
    expect(rows).toEqual([{ request_id: 'last-words', code: 'TICKER_UNKNOWN', asked: 'linear' }]);
  } finally {
    await client.end();
    await database.drop();
  }
});

test('on SIGINT exits within ten seconds, even when a client never ends its request', async () => {
  const api = await startProcess({ databaseUrl: `postgres://u:p@127.0.0.1:${await freePort(0)}/none` });
  const hanging = httpRequest(`${api.url}/upload`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=xx', 'content-length': 1000 },
  });
  hanging.on('error', () => {});
  hanging.write('--xx\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nticker');
  await expect.poll(() => readdirSync(join(api.stateDir, 'uploads')).length).toBe(1);
  const stopping = Date.now();
  api.child.kill('SIGINT');
  await api.exited;
  expect(Date.now() - stopping).toBeLessThan(10_000);
  expect(readdirSync(join(api.stateDir, 'uploads'))).toEqual([]);
});

test('a port that is taken is named, and the process fails', async () => {
  const databaseUrl = `postgres://u:p@127.0.0.1:${await freePort(0)}/none`;
  const first = await startProcess({ databaseUrl });
  const port = Number(new URL(first.url).port);
  const second = await startProcess({ databaseUrl, port });
  expect((await second.exited)[0]).not.toBe(0);
  expect(second.stderr()).toContain(`127.0.0.1:${port} is in use`);
});

test('removes at its start what a killed process has left of uploads, not what is under way', async () => {
  const stateDir = newFolder();
  const day = 24 * 60 * 60;
  for (const name of ['old', 'new']) mkdirSync(join(stateDir, 'uploads', name), { recursive: true });
  utimesSync(join(stateDir, 'uploads', 'old'), Date.now() / 1000 - day, Date.now() / 1000 - day);
  await startProcess({ databaseUrl: `postgres://u:p@127.0.0.1:${await freePort(0)}/none`, stateDir });
  expect(readdirSync(join(stateDir, 'uploads'))).toEqual(['new']);
});
