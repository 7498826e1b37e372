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
  const late = { status: 'down', problem: 'no answer within 20 ms' };
  expect(await Promise.all([probe.result(), probe.result()])).toEqual([late, late]);
  const third = probe.result();
  expect(asked).toBe(1);
  answer();
  expect(await third).toEqual({ status: 'up' });
  answer = () => {};
  const fresh = probe.result();
  expect(asked).toBe(2);
  answer();
  expect(await fresh).toEqual({ status: 'up' });
});
