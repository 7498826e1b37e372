import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runTypeScript } from '../../tests/support/run-typescript.ts';
import { freePort } from '../free-port.ts';
import { preparePostgres, startPostgres } from './embedded-postgres.ts';
import { findServer } from './leftover-server.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { removePostgres } from './postgres-home.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
const PROJECT_DIR = new URL('../../', import.meta.url).pathname;
const settings = { fsync: 'off' };

let dir: string;
let stateDir: string;
const processes: { kill(): unknown }[] = [];
const stateDirs = new Set<string>();

beforeEach(() => {
  // As below a home that only its owner may enter.
  dir = mkdtempSync(join(tmpdir(), 'stockcast-postgres-test-'));
  chmodSync(dir, 0o700);
  stateDir = join(dir, 'state');
  stateDirs.add(stateDir);
});

afterEach(async () => {
  for (const process of processes.splice(0)) await process.kill();
  for (const each of stateDirs) await removePostgres(each);
  stateDirs.clear();
  rmSync(dir, { recursive: true, force: true });
});

const start = async (where = stateDir) => startPostgres({ stateDir: where, port: await freePort(0), settings });

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

const remember = (url: string) => query(url, 'create table memory as select 42 as number');
const recall = (url: string) => query(url, 'select number from memory');

/** Runs a piece of TypeScript in a process of its own, which ends with the test at the latest. */
function run(source: string, user = {}) {
  const process = runTypeScript(
    `import { preparePostgres, startPostgres } from './infra/postgres/embedded-postgres.ts'; ${source}`,
    user,
  );
  processes.push(process);
  return process;
}

// Ended, and taken note of by its parent, whoever that is by now.
const gone = (pid: number) =>
  vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000, interval: 20 });

describe('the embedded PostgreSQL', () => {
  it('keeps its data from one start to the next, below a folder that only its owner may enter', async () => {
    const first = await start();
    await remember(first.url);
    await first.stop();
    await first.stop();
    await gone(first.pid);

    const second = await start();
    expect(await recall(second.url)).toEqual([42]);
    await second.stop();
  });

  it('asks for a password, which only the owner of the state folder can read, and listens on 127.0.0.1 alone', async () => {
    const { url, port, dataDir } = await start();
    const record = join(stateDir, 'postgres.json');
    expect(statSync(record).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({ dataDir, password: new URL(url).password });
    await expect(query(`postgres://stockcast:guess@127.0.0.1:${port}/stockcast`, 'select 1')).rejects.toThrow(
      'password',
    );
    expect(await query(url, 'show listen_addresses')).toEqual(['127.0.0.1']);
    expect(await query(url, 'show unix_socket_directories')).toEqual(['']);
    expect(await query(url, 'show server_encoding')).toEqual(['UTF8']);
    expect(await query(url, 'show synchronous_commit')).toEqual(['on']);
  });

  it('recovers what was committed before a kill of the server', async () => {
    const first = await start();
    await remember(first.url);
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second.process).not.toBe('adopted');
    expect(await recall(second.url)).toEqual([42]);
  });

  it('serves on after a kill of its parent, is adopted with its port, and can then be stopped', async () => {
    const { kill, line } =
      run(`const { url, pid } = await startPostgres(${JSON.stringify({ stateDir, port: await freePort(0), settings })});
      console.log(JSON.stringify({ url, pid }));`);
    const { url, pid } = JSON.parse((await line())!) as { url: string; pid: number };
    await kill();
    await remember(url);

    const adopted = await start();
    expect(adopted).toMatchObject({ process: 'adopted', pid, url });
    expect(await recall(adopted.url)).toEqual([42]);
    await adopted.stop();
    expect(findServer(adopted.dataDir)).toBeUndefined();
    await gone(pid);
  });

  it('ends a server on its data that does not take its password, and starts afresh', async () => {
    const first = await start();
    await remember(first.url);
    await query(first.url, "alter role stockcast password 'changed'");
    const record = join(stateDir, 'postgres.json');
    const second = preparePostgres({ stateDir, port: first.port, settings, leftover: 'adopt' });
    await expect(second).resolves.not.toHaveProperty('adopted');
    expect(findServer(first.dataDir)).toBeUndefined();
    // The file knows the password that is right by now.
    writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), password: 'changed' }));
    expect(await recall((await start()).url)).toEqual([42]);
  });

  it('ends a leftover server unless asked to adopt it', async () => {
    const first = await start();
    const prepared = await preparePostgres({ stateDir, port: first.port, settings });
    expect(prepared).not.toHaveProperty('adopted');
    await gone(first.pid);
  });

  it('is not taken in by a pid file whose process is by now somebody else', async () => {
    const first = await start();
    await first.stop();
    // Not this Node, which may lie where the other user must not enter.
    const bystander = spawn('sleep', ['1000'], {
      cwd: '/',
      ...(isRoot ? ownerOf(first.dataDir) : {}),
    });
    processes.push(bystander);
    const pidFile = join(first.dataDir, 'postmaster.pid');
    writeFileSync(pidFile, `${bystander.pid}\n${first.dataDir}\n1795237316\n${first.port}\n\n127.0.0.1\n 0 0\nready\n`);
    const second = await start();
    expect(second.pid).not.toBe(bystander.pid);
    expect(bystander.exitCode).toBeNull();
    await second.stop();
  });

  it('says so when another server sits on its port', async () => {
    const other = await start();
    const elsewhere = join(dir, 'elsewhere');
    stateDirs.add(elsewhere);
    const failure = startPostgres({ stateDir: elsewhere, port: other.port, settings });
    await expect(failure).rejects.toMatchObject({ code: 'STACK_FAILED' });
  });

  it('is made anew when its making was killed, also while that goes on', async () => {
    const options = JSON.stringify({ stateDir, port: 1 });
    const { kill } = run(`await preparePostgres(${options});`);
    await expect.poll(() => unfinishedIn(stateDir), { timeout: 20_000, interval: 5 }).toHaveLength(1);
    await kill();
    const { url, dataDir, stop } = await start();
    expect(await query(url, 'select 1')).toEqual([1]);
    expect(readdirSync(dirname(dataDir)).filter((name) => name.includes('unfinished'))).toEqual([]);
    await stop();
  });

  it('goes with its state folder when that is moved, and not with a copy of it', async () => {
    const first = await start();
    await remember(first.url);
    const moved = join(dir, 'moved');
    stateDirs.add(moved);
    renameSync(stateDir, moved);
    const second = await start(moved);
    expect(await recall(second.url)).toEqual([42]);
    await second.stop();

    const copy = join(dir, 'copy');
    stateDirs.add(copy);
    cpSync(moved, copy, { recursive: true });
    const third = await start(copy);
    const fourth = await start(moved);
    expect(third.dataDir).not.toBe(fourth.dataDir);
    expect(await recall(fourth.url)).toEqual([42]);
  });

  it('starts empty after its state folder was deleted under its feet', async () => {
    const first = await start();
    await remember(first.url);
    rmSync(stateDir, { recursive: true });
    const second = await start();
    expect(second.process).not.toBe('adopted');
    await expect(recall(second.url)).rejects.toThrow('does not exist');
  });

  it('can be removed while it runs, and leaves nothing', async () => {
    const { pid, dataDir } = await start();
    await removePostgres(stateDir);
    await gone(pid);
    expect(existsSync(dataDir)).toBe(false);
    expect(readdirSync(stateDir)).toEqual([]);
    if (isRoot) expect(existsSync(dirname(dataDir))).toBe(false);
    await removePostgres(stateDir);
    await removePostgres(join(dir, 'never-was'));
  });
});

describe.runIf(isRoot)('as root', () => {
  it('runs as another user, with data that the state folder names', async () => {
    const { pid, dataDir } = await start();
    expect(Number(execFileSync('ps', ['-p', String(pid), '-o', 'uid='], { encoding: 'utf8' }))).toBe(
      statSync(dataDir).uid,
    );
    expect(statSync(dataDir).uid).not.toBe(0);
    expect(dataDir).toMatch(/^\/var\/lib\/stockcast\/[0-9a-f]{12}\/data$/);
  });

  it('copies the programs to where the other user can reach them, whatever the umask', async () => {
    const { dir: native, version } = findPostgresBinaries();
    const hidden = join(dir, 'native');
    const umask = process.umask(0o077);
    try {
      cpSync(native, hidden, { recursive: true, verbatimSymlinks: true });
      execFileSync('chmod', ['-R', 'go-rwx', hidden]);
      const prepared = await preparePostgres({ stateDir, port: 1, settings, binaries: { dir: hidden, version } });
      expect(prepared.command).toBe(join(dirname(prepared.dataDir), `postgresql-${version}`, 'bin', 'postgres'));
    } finally {
      process.umask(umask);
    }
    const { url, dataDir } = await start();
    expect(await query(url, 'select 1')).toEqual([1]);
    await removePostgres(stateDir);
    expect(existsSync(dirname(dataDir))).toBe(false);
  });

  // An ordinary user can only be tried where it can read the project.
  it.runIf(isRoot && readableBy(NOBODY))('lets an ordinary user have its own, inside the state folder', async () => {
    const home = mkdtempSync(join(tmpdir(), 'stockcast-user-test-'));
    try {
      execFileSync('chown', [`${NOBODY.uid}:${NOBODY.gid}`, home]);
      const own = join(home, 'state');
      const { line, kill } = run(
        `const server = await startPostgres(${JSON.stringify({ stateDir: own, port: await freePort(0), settings })});
        console.log(JSON.stringify({ url: server.url, dataDir: server.dataDir }));
        process.stdin.resume();`,
        NOBODY,
      );
      const { url, dataDir } = JSON.parse((await line())!) as { url: string; dataDir: string };
      expect(dataDir).toBe(join(own, 'postgres'));
      await remember(url);
      await kill();

      const again = run(
        `const server = await startPostgres(${JSON.stringify({ stateDir: own, port: await freePort(0), settings })});
        console.log(server.process);
        await server.stop();
        console.log('stopped');`,
        NOBODY,
      );
      expect([await again.line(), await again.line()]).toEqual(['adopted', 'stopped']);

      // Root uses the data as the user that they belong to.
      const asRoot = await start(own);
      expect(asRoot.dataDir).toBe(dataDir);
      expect(await recall(asRoot.url)).toEqual([42]);
      await asRoot.stop();
      await removePostgres(own);
      expect(readdirSync(own)).toEqual([]);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

function unfinishedIn(stateDir: string): string[] {
  const record = join(stateDir, 'postgres.json');
  if (!existsSync(record)) return [];
  const home = dirname((JSON.parse(readFileSync(record, 'utf8')) as { dataDir: string }).dataDir);
  if (!existsSync(home)) return [];
  // initdb has begun to fill it.
  return readdirSync(home).filter((name) => /unfinished-\w+$/.test(name) && readdirSync(join(home, name)).length > 3);
}

function readableBy(user: { uid: number; gid: number }): boolean {
  try {
    execFileSync(process.execPath, ['-e', `require('fs').readFileSync('${PROJECT_DIR}package.json')`], {
      ...user,
      cwd: '/',
      stdio: 'pipe',
    });
    return true;
  } catch {
    return false;
  }
}
