import { expect, test } from 'vitest';
import { Readiness } from './readiness.ts';

test('what is known in this process is told as it is now', async () => {
  let isLoaded = false;
  const ping = async () => {
    if (!isLoaded) throw new Error('loading');
  };
  const readiness = new Readiness([{ name: 'promoted_models', required: true, isAtHand: true, ping }]);
  expect(await readiness.state()).toMatchObject([{ name: 'promoted_models', status: 'down', required: true }]);
  isLoaded = true;
  expect(await readiness.state()).toMatchObject([{ status: 'up' }]);
});
