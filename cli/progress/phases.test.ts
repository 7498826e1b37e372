import { expect, test } from 'vitest';
import { Phases } from './phases.ts';
import { seconds } from './seconds.ts';

test('phases tell how long each took and all together', async () => {
  let now = 1000;
  const phases = new Phases(() => now);
  const lasting = (ms: number) => async () => {
    now += ms;
    return ms;
  };
  expect(await phases.run('stack', lasting(3100))).toBe(3100);
  now += 50;
  await expect(
    phases.run('training', async () => {
      await lasting(9150)();
      throw new Error('failed');
    }),
  ).rejects.toThrow('failed');
  expect(String(phases)).toBe('12.3 s (stack 3.1 s, training 9.2 s)');
  expect(phases.secondsByPhase).toEqual({ stack: 3.1, training: 9.15 });
});

test.each([
  [0, '0.0 s'],
  [-5, '0.0 s'],
  [4249, '4.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [61_499, '1 min 01 s'],
  [3_600_000, '60 min 00 s'],
])('%i ms read as %s', (ms, text) => expect(seconds(ms)).toBe(text));
