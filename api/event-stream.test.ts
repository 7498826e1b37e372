import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import express, { type Response } from 'express';
import { afterEach, expect, test } from 'vitest';
import { EventStream } from './event-stream.ts';
import { type ListeningApi, listen } from './listen.ts';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server whose one address is answered by `body`, and a client that reads only when it is told to. */
async function connected(body: (response: Response) => Promise<void>): Promise<{ client: Socket; api: ListeningApi }> {
  const app = express();
  app.get('/', (_request, response) => body(response));
  const api = await listen(app, '127.0.0.1', 0);
  const client = connect(Number(new URL(api.url).port), '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  client.pause();
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  closing.push(
    () => void client.destroy(),
    () => api.stop(0),
  );
  return { client, api };
}

const LARGE = 'x'.repeat(1024 * 1024);

test('waits for a client that does not read instead of piling events up, and cuts it off after a while', async () => {
  let sent = 0;
  let most = 0;
  const done = new Promise<boolean>((resolve) => {
    void connected(async (response) => {
      const stream = new EventStream(response, new AbortController().signal, { stalledMs: 300 });
      while (!response.destroyed && sent < 500) {
        await stream.send('progress', String(sent), LARGE);
        most = Math.max(most, response.writableLength);
        sent += 1;
      }
      stream.close();
      resolve(response.destroyed);
    });
  });
  expect(await done).toBe(true);
  // What the kernel took, and one event more.
  expect(sent).toBeLessThan(100);
  expect(most).toBeLessThan(3 * LARGE.length);
});

test('an unread stream does not hold up the end of the process', async () => {
  const ended = new AbortController();
  const filled = deferred();
  const { api } = await connected(async (response) => {
    const stream = new EventStream(response, ended.signal, { stalledMs: 600_000 });
    while (!ended.signal.aborted) {
      if (response.writableLength > 0) filled.resolve(undefined);
      await stream.send('progress', '1', LARGE);
      filled.resolve(undefined);
    }
    stream.close();
  });
  await filled.promise;
  ended.abort();
  // Much less than the grace time, after which connections are ended by force.
  await expect(Promise.race([api.stop(600_000).then(() => 'stopped'), timeout(30_000)])).resolves.toBe('stopped');
});

test('says that it is still there while nothing happens', async () => {
  const ended = new AbortController();
  const { client } = await connected(async (response) => {
    const stream = new EventStream(response, ended.signal, { heartbeatMs: 10 });
    await stream.send('progress', 'a1', '{"x":1}');
    await once(ended.signal, 'abort');
    stream.close();
  });
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  client.resume();
  await expect.poll(() => text.match(/: still here\n\n/g)?.length ?? 0).toBeGreaterThan(2);
  expect(text).toContain('event: progress\nid: a1\ndata: {"x":1}\n\n');
  ended.abort();
  // The last chunk: the stream ended in order.
  await expect.poll(() => text).toMatch(/0\r\n\r\n$/);
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function timeout(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, ms, 'late').unref());
}
