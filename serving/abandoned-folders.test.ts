import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BarStaging } from '../market/csv/staging.ts';
import { sweepFolders, sweepTemporaryFolders } from './abandoned-folders.ts';

const HOUR_MS = 60 * 60 * 1000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-sweep-test-'));
  vi.stubEnv('TMPDIR', dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

function folder(name: string, ageHours: number): void {
  mkdirSync(join(dir, name));
  writeFileSync(join(dir, name, 'rows'), 'x');
  const at = (Date.now() - ageHours * HOUR_MS) / 1000;
  utimesSync(join(dir, name, 'rows'), at, at);
  utimesSync(join(dir, name), at, at);
}

test('what killed processes left of files under way goes, what is under way or not ours stays', async () => {
  folder('stockcast-staging-aB3xY9', 7);
  folder('stockcast-parquet-000000', 7);
  const staying = ['stockcast-staging-fresh0', 'stockcast-parquet-test-abcdef', 'another-program'];
  staying.forEach((name, i) => folder(name, i === 0 ? 5 : 1000));
  expect(await sweepTemporaryFolders(new Date())).toBe(2);
  expect(readdirSync(dir).sort()).toEqual(staying.sort());
});

test('a folder that is old stays while something is written in it', async () => {
  folder('stockcast-staging-aB3xY9', 100);
  writeFileSync(join(dir, 'stockcast-staging-aB3xY9', 'rows'), 'more');
  const old = (Date.now() - 100 * HOUR_MS) / 1000;
  utimesSync(join(dir, 'stockcast-staging-aB3xY9'), old, old);
  expect(await sweepTemporaryFolders(new Date())).toBe(0);
});

test('the folders that a reader of files leaves when it is killed are among those swept', async () => {
  const staging = await BarStaging.open();
  const [left] = readdirSync(dir);
  expect(await sweepTemporaryFolders(new Date(Date.now() + 5 * HOUR_MS))).toBe(0);
  expect(await sweepTemporaryFolders(new Date(Date.now() + 7 * HOUR_MS))).toBe(1);
  expect(existsSync(join(dir, left!))).toBe(false);
  await staging.close();
});

test('a folder that is missing is made, and what two processes sweep at once goes once', async () => {
  const uploads = join(dir, 'uploads');
  expect(await sweepFolders(uploads, new Date())).toBe(0);
  mkdirSync(join(uploads, 'old'));
  const later = new Date(Date.now() + 7 * HOUR_MS);
  await Promise.all([sweepFolders(uploads, later), sweepFolders(uploads, later)]);
  expect(readdirSync(uploads)).toEqual([]);
});
