import { executionAsyncId } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
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

test('a call that waits to be tried again when the connection is closed ends with the reason', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': 'not yet' });
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = new TemporalGateway({ address, namespace: 'default', uiUrl: undefined });
  try {
    const call = gateway.call(({ workflowService }) => workflowService.getClusterInfo({}));
    call.catch(() => undefined);
    await expect.poll(() => asked).toBeGreaterThan(1);
    await gateway.client.connection.close();
    await expect(call).rejects.toMatchObject({
      code: 'TEMPORAL_UNAVAILABLE',
      message: expect.stringContaining('Channel has been shut down'),
    });
  } finally {
    await gateway.close();
    server.close();
  }
});
