import { expect, test } from 'vitest';
import { StockcastError } from '../domain/errors.ts';
import { Probe } from './probe.ts';

test('says in words why a part is down, and keeps to itself what nobody foresaw', async () => {
  const away = new Probe(
    () => Promise.reject(new StockcastError('DATABASE_UNAVAILABLE', { problem: 'refused' })),
    1000,
  );
  expect(await away.result()).toMatchObject({ status: 'down', problem: expect.stringContaining('refused') });
  const broken = new Probe(() => Promise.reject(new Error('secret')), 1000);
  expect((await broken.result()).problem).not.toContain('secret');
});

test('does not wait longer than its time, and those who ask meanwhile share one question', async () => {
  let asked = 0;
  let answer = () => {};
  const probe = new Probe(() => {
    asked++;
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  }, 20);
  const late = { status: 'down', latencyMs: 20, problem: 'no answer within 20 ms' };
  expect(await Promise.all([probe.result(), probe.result()])).toEqual([late, late]);
  const third = probe.result();
  expect(asked).toBe(1);
  answer();
  expect(await third).toMatchObject({ status: 'up' });
  answer = () => {};
  const fresh = probe.result();
  expect(asked).toBe(2);
  answer();
  expect(await fresh).toMatchObject({ status: 'up' });
});

test('holds what it found for a while, so that asking often costs the part nothing', async () => {
  let asked = 0;
  const probe = new Probe(async () => asked++, 1000, 60_000);
  const first = await probe.result();
  expect(await probe.result()).toBe(first);
  expect(asked).toBe(1);
});
