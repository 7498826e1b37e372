import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withoutSecrets } from '../../domain/without-secrets.ts';
import { createLog, openLogFile } from './log.ts';

test.each([
  ['connect to postgres://me:hunter2@db:5432/x failed', 'connect to postgres://***@db:5432/x failed'],
  ['GET https://a.example/q?symbol=A&apikey=hunter2&x=1', 'GET https://a.example/q?symbol=A&apikey=***&x=1'],
  ['Authorization: Bearer hunter2.abc', 'Authorization: *** ***'],
  ['{"password":"hunter2","user":"me"}', '{"password":"***","user":"me"}'],
  ['crumb=hunter2; token: hunter2', 'crumb=***; token: ***'],
])('takes the secret out of %s', (text, clean) => {
  expect(withoutSecrets(text)).toBe(clean);
});

test('leaves texts without secrets as they are', () => {
  const text = 'TypeError: x is not a function\n    at file:///srv/api/app.ts:12:3 (AAPL, https://example.com/a?b=c)';
  expect(withoutSecrets(text)).toBe(text);
});

test('an error is logged with what caused it, without its secrets; fields that name a secret are not shown', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => lines.push(line) });
  const cause = new Error('password=hunter2 refused');
  log.error({ error: new Error('no connection to postgres://me:hunter2@db/x', { cause }) }, 'failed');
  log.info({ authorization: 'hunter2', headers: { cookie: 'hunter2' }, route: '/x' });
  log.debug('not on this level');
  expect(lines.join('')).not.toContain('hunter2');
  const [failed, plain, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(failed).toMatchObject({ level: 'error', msg: 'failed', error: expect.stringContaining('caused by: Error:') });
  expect(failed!.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(plain).toMatchObject({ level: 'info', route: '/x', authorization: '***', headers: { cookie: '***' } });
  expect(rest).toEqual([]);
});

test('lines are written behind the answers, all of them and in their order once the file is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockcast-log-'));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  try {
    const file = openLogFile(fd);
    const log = createLog('info', file.stream);
    for (let n = 0; n < 1000; n++) log.info({ n }, 'answered');
    await file.close(10_000);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
      Array.from({ length: 1000 }, (_, n) => n),
    );
    expect(file.dropped()).toBe(0);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});

test('lines that nobody reads are dropped when too many wait, and counted; the others arrive', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockcast-log-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = await open(path, 'r+');
  try {
    const file = openLogFile(pipe.fd);
    const line = `${'x'.repeat(999)}\n`;
    const written = 12_000;
    for (let n = 0; n < written; n++) file.stream.write(line);
    await expect.poll(() => file.dropped()).toBeGreaterThan(written - 10_000);
    let isClosed = false;
    const closed = file.close(60_000).then(() => {
      isClosed = true;
      // Ends the read that waits.
      return pipe.write('\n');
    });
    const buffer = Buffer.alloc(1 << 20);
    let arrived = 0;
    while (!isClosed) arrived += (await pipe.read(buffer, 0, buffer.length)).bytesRead;
    await closed;
    expect(Math.floor(arrived / line.length)).toBe(written - file.dropped());
  } finally {
    await pipe.close();
    rmSync(folder, { recursive: true });
  }
});
