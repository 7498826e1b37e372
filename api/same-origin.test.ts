import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';

let on: TestServices;
let api: RunningApi;
beforeAll(async () => {
  on = await openServices();
  const temporal = new TemporalGateway({ address: '127.0.0.1:1', namespace: 'default', uiUrl: undefined });
  api = await startApi({ services: on.services, temporal });
});
afterAll(async () => {
  await api.stop();
  await on.close();
});

/** What the API answers; `fetch` would not let a test set these headers. */
function answer(
  method: string,
  path: string,
  headers: Record<string, string>,
  url = api.url,
): Promise<{ status: number; body: any }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, body: text === '' ? null : JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test.each(['evil.example', 'evil.example:3000', '127.0.0.1.evil.example', '192.168.0.7'])(
  'a Host that is not this machine (%j) gets nothing, not even forecasts',
  async (host) => {
    for (const path of ['/tickers', '/predict/AAPL', '/docs/']) {
      const { status, body } = await answer('GET', path, { host });
      expect(status).toBe(403);
      expect(body).toMatchObject({ code: 'REQUEST_FOREIGN', field: 'Host', value: host });
    }
  },
);

test.each(['localhost', 'localhost:9', '127.0.0.1', '127.1.2.3:80', '[::1]:3000'])(
  'the Host %s is this machine',
  async (host) => expect((await answer('GET', '/tickers', { host })).status).toBe(200),
);

test('a page of another origin can change nothing', async () => {
  const posts = ['/train/AAPL', '/upload', '/batch-predict'];
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    for (const path of posts) {
      const { status, body } = await answer('POST', path, headers as Record<string, string>);
      expect([status, body.code]).toEqual([403, 'REQUEST_FOREIGN']);
    }
    for (const path of ['/train/AAPL', '/TRAIN/AAPL', '/Train/aapl/']) {
      expect((await answer('GET', path, headers as Record<string, string>)).status).toBe(403);
    }
  }
});

test('its own pages, the command line and links from elsewhere work as before', async () => {
  const own: Record<string, string>[] = [
    {},
    { origin: api.url, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ];
  for (const headers of own) expect((await answer('POST', '/train/NOPE', headers)).status).toBe(404);
  expect((await answer('GET', '/tickers', { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
});

test('hosts that are allowed by name are served, and no others', async () => {
  const temporal = new TemporalGateway({ address: '127.0.0.1:1', namespace: 'default', uiUrl: undefined });
  const settings = { allowedHosts: ['prices.example'] };
  const open = await startApi({ services: on.services, temporal, settings });
  try {
    const statusOf = async (host: string) => (await answer('GET', '/tickers', { host }, open.url)).status;
    expect(await statusOf('prices.example')).toBe(200);
    expect(await statusOf('Prices.Example:8443')).toBe(200);
    expect(await statusOf('localhost')).toBe(200);
    expect(await statusOf('evil.example')).toBe(403);
    const own = { host: 'prices.example', origin: 'https://prices.example', 'sec-fetch-site': 'same-origin' };
    expect((await answer('POST', '/train/NOPE', own, open.url)).status).toBe(404);
    const other = { host: 'prices.example', origin: 'https://evil.example' };
    expect((await answer('POST', '/train/NOPE', other, open.url)).status).toBe(403);
  } finally {
    await open.stop();
  }
});
