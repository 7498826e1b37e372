import { executionAsyncId } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
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

/** A Temporal that leaves its first `lost` calls unanswered, and answers the others with a status. */
async function forgetful(lost: number, status: number) {
  let asked = 0;
  const server = createServer();
  server.on('stream', (stream) => {
    if (++asked <= lost) return;
    const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) };
    stream.respond(answer, { endStream: true });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = new TemporalGateway({ address, namespace: 'default', uiUrl: undefined });
  const close = async () => {
    await gateway.close();
    server.close();
  };
  return { gateway, asked: () => asked, close };
}

test('what Temporal leaves unanswered is asked again as often as was said, what it answers is not', async () => {
  const NOT_FOUND = 5;
  const ask = ({ workflowService }: Client) => workflowService.getClusterInfo({});

  const twice = await forgetful(2, NOT_FOUND);
  await expect(twice.gateway.callAgain(ask, 500, 3)).rejects.toMatchObject({ code: NOT_FOUND });
  expect(twice.asked()).toBe(3);
  await twice.close();

  const often = await forgetful(4, NOT_FOUND);
  await expect(often.gateway.callAgain(ask, 500, 3)).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  expect(often.asked()).toBe(3);
  await often.close();
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
