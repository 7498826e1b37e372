import { type AddressInfo, type Server, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort } from './free-port.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

it('is the preferred one when nobody listens there', async () => {
  const port = await freePort(0);
  expect(await freePort(port)).toBe(port);
  expect(await listen(port)).toBe(port);
});

it('is a later one when somebody listens there, or when it is spoken for', async () => {
  const busy = await listen(0);
  const next = await freePort(busy);
  expect(next).toBeGreaterThan(busy);
  expect(await freePort(busy, new Set([next]))).toBeGreaterThan(next);
});

it('is any when none is preferred', async () => {
  const port = await freePort(0);
  expect(port).toBeGreaterThan(0);
  expect(await listen(port)).toBe(port);
});

it('is looked for on the address that is asked for', async () => {
  await expect(freePort(0, new Set(), '192.0.2.1')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('192.0.2.1'),
  });
});

it('is not to be had beyond the last one', async () => {
  await expect(freePort(65_535, new Set([65_535]))).rejects.toThrow('no free port from 65535 on');
});
