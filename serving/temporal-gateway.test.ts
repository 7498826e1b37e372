import { executionAsyncId } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { TemporalGateway } from './temporal-gateway.ts';

/** Zero, unless something has Node follow every promise. */
async function idAfterPromise(): Promise<number> {
  await Promise.resolve();
  return executionAsyncId();
}

test('once no call is under way, promises of the process are not followed any more', async () => {
  const gateway = new TemporalGateway({ address: '127.0.0.1:1', namespace: 'default', uiUrl: undefined });
  try {
    const before = await idAfterPromise();
    const calls = [gateway.ping(50), gateway.ping(200)];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    expect(before).toBe(0);
    expect(await idAfterPromise()).toBe(0);
  } finally {
    await gateway.close();
  }
});
