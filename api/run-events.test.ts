import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { runSchema } from './routes/runs.ts';

const SMALL = 'kinds=linear&horizons=1&window=300';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline();
  await takeInTestUniverse(pipeline.services, pipeline.context);
  api = await startApi({ ...pipeline, maxStreams: 3 });
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const post = (path: string) => ask(`${api.url}${path}`, { method: 'POST' });
const streams = async () =>
  Number(/stockcast_followers (\d+)/.exec(await (await fetch(`${api.url}/metrics`)).text())?.[1]);

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: { readonly status: string; readonly run_id: string; readonly progress?: readonly unknown[] };
}

/** Reads a stream of events, as they come. */
async function* events(path: string, init: RequestInit = {}): AsyncGenerator<Event> {
  const response = await fetch(`${api.url}${path}`, init);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toContain('no-store');
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field('event') !== undefined) {
        yield { event: field('event')!, id: field('id')!, data: JSON.parse(field('data')!) as Event['data'] };
      }
    }
  }
}

describe('GET /runs/:id/events', () => {
  test('tells how a run goes on until it has ended, and starts where the client left off', async () => {
    const { run_id } = (await post(`/train/AAPL?${SMALL}&require_approval=true`)).body;
    const seen: Event[] = [];
    let approved = false;
    for await (const event of events(`/runs/${run_id}/events`)) {
      seen.push(event);
      if (!approved && JSON.stringify(event.data).includes('awaiting_approval')) {
        approved = true;
        const verdict = { horizon: 1, verdict: 'approve', by: 'Ada', reason: 'looks fine' };
        expect((await ask(`${api.url}/runs/${run_id}/verdict`, json(verdict))).status).toBe(200);
      }
    }
    expect(approved).toBe(true);
    expect(seen.at(-1)).toMatchObject({ event: 'end', data: { run_id, status: 'completed' } });
    expect(seen.slice(0, -1).every(({ event, data }) => event === 'progress' && data.status === 'running')).toBe(true);
    for (const { data } of seen) expect(runSchema.parse(data)).toEqual(data);
    // Only what has changed. A state may come again: progress is left out while no worker answers.
    for (const [i, { id }] of seen.entries()) expect(id).not.toBe(seen[i + 1]?.id);

    const path = `/runs/${run_id}/events`;
    const known = await fetch(`${api.url}${path}`, { headers: { 'last-event-id': seen.at(-1)!.id } });
    expect(known.status).toBe(204);
    const late: Event[] = [];
    for await (const event of events(path, { headers: { 'last-event-id': seen[0]!.id } })) late.push(event);
    expect(late).toEqual([seen.at(-1)]);
    await expect.poll(streams).toBe(0);
  });

  test('a client that leaves is forgotten; more than the limit are refused; HEAD and unknown runs too', async () => {
    const { run_id } = (await post(`/train/MSFT?${SMALL}&require_approval=true`)).body;
    const path = `/runs/${run_id}/events`;
    const gone = new AbortController();
    const open = [1, 2, 3].map(() => fetch(`${api.url}${path}`, { signal: gone.signal }));
    await Promise.all(open);
    expect(await streams()).toBe(3);
    const refused = await ask(`${api.url}${path}`);
    expectProblem(refused, 'STREAMS_BUSY');
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expectProblem(await post(`/train/AAPL?${SMALL}&seed=99&wait=true`), 'STREAMS_BUSY');
    expect((await fetch(`${api.url}${path}`, { method: 'HEAD' })).status).toBe(405);
    gone.abort();
    await expect.poll(streams).toBe(0);
    expectProblem(await ask(`${api.url}/runs/train/default/NONE/2013-03-01/1/events`), 'RUN_UNKNOWN');
    await post(`/runs/${run_id}/cancel`);
  });

  test('streams that nobody reads neither hold the end of the process up nor keep others from reading', async () => {
    const own = await startApi({ ...pipeline, maxStreams: 50 });
    const { run_id } = (await post(`/train/MSFT?${SMALL}&require_approval=true&seed=3`)).body;
    const sockets = Array.from({ length: 30 }, () => connect(Number(new URL(own.url).port), '127.0.0.1'));
    try {
      for (const socket of sockets) {
        socket.on('error', () => {});
        socket.pause();
        socket.write(`GET /runs/${run_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      }
      const metrics = async () => (await fetch(`${own.url}/metrics`)).text();
      await expect.poll(metrics).toContain('stockcast_followers 30');
      expect((await ask(`${own.url}/tickers`)).status).toBe(200);
      // By force only after a minute: this must not be needed.
      await own.stop(60_000);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await post(`/runs/${run_id}/cancel`);
  });
});

describe('wait=true', () => {
  test('answers with how the run ended, however it did', async () => {
    const answer = await post(`/train/AAPL?${SMALL}&seed=11&wait=true`);
    expect(answer.status).toBe(200);
    expect(runSchema.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({ status: 'completed', result: { ticker: 'AAPL' } });
    expect(answer.headers.get('location')).toBe(`/runs/${answer.body.run_id}`);
    // Joined, it is there at once; by GET and for many, too.
    expect((await ask(`${api.url}/train/AAPL?${SMALL}&seed=11&wait=true`)).body).toEqual(answer.body);
    const many = await post(`/train?tickers=AAPL&${SMALL}&seed=11&wait=true`);
    expect(many).toMatchObject({
      status: 200,
      body: { status: 'completed', result: { outcomes: [{ ticker: 'AAPL' }] } },
    });
  });

  describe('while nobody works on the run', () => {
    let idle: TestPipeline;
    beforeAll(async () => {
      idle = await startPipeline({ workers: false });
      await takeInTestUniverse(idle.services, idle.context);
    });
    afterAll(() => idle?.stop());

    const waits = async (url: string) =>
      expect.poll(async () => (await fetch(`${url}/metrics`)).text()).toContain('stockcast_followers 1');

    test('answers 202 when that takes longer than may be waited, and at once when the process stops', async () => {
      const hasty = await startApi({ ...idle, settings: { waitLimitMs: 100 } });
      const late = await ask(`${hasty.url}/train/AAPL?${SMALL}&wait=true`, { method: 'POST' });
      await hasty.stop();
      expect(late).toMatchObject({ status: 202, body: { status: 'running', joined: false } });

      const stopping = await startApi(idle);
      const waiting = ask(`${stopping.url}/train/AAPL?${SMALL}&wait=true`, { method: 'POST' });
      await waits(stopping.url);
      await stopping.stop(600_000);
      expect(await waiting).toMatchObject({ status: 202, body: { run_id: late.body.run_id, joined: true } });
    });

    test('a client that hangs up frees its place, and its run goes on', async () => {
      const own = await startApi(idle);
      try {
        const gone = new AbortController();
        const init = { method: 'POST', signal: gone.signal };
        const waiting = fetch(`${own.url}/train/MSFT?${SMALL}&wait=true`, init).catch(() => 'gone');
        const newest = async () => (await ask(`${own.url}/runs?limit=1`)).body.runs[0]?.run_id;
        await expect.poll(newest).toMatch(/MSFT/);
        await waits(own.url);
        gone.abort();
        expect(await waiting).toBe('gone');
        await expect.poll(async () => (await fetch(`${own.url}/metrics`)).text()).toContain('stockcast_followers 0');
        const { joined, status } = (await ask(`${own.url}/train/MSFT?${SMALL}`, { method: 'POST' })).body;
        expect({ joined, status }).toEqual({ joined: true, status: 'running' });
      } finally {
        await own.stop();
      }
    });
  });
});

describe('clients that never read', () => {
  test('are not computed for: their requests wait in their own connection', async () => {
    const own = await startApi(pipeline);
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    const asked = 3000;
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(asked));
    const answered = async () => {
      const text = await (await fetch(`${own.url}/metrics`)).text();
      return Number(/requests_in_flight (\d+)/.exec(text)?.[1] ?? 0) + completed(text);
    };
    const completed = (text: string) =>
      Number(/http_requests_total\{method="GET",route="\/openapi.json",status="200"\} (\d+)/.exec(text)?.[1] ?? 0);
    try {
      // Until no more are taken.
      for (let before = -1, now = await answered(); before !== now || now === 0; ) {
        await sleep(300);
        [before, now] = [now, await answered()];
      }
      expect(await answered()).toBeLessThan(asked / 2);
      expect((await ask(`${own.url}/health`)).status).toBe(200);
    } finally {
      socket.destroy();
      await own.stop();
    }
  });
});
