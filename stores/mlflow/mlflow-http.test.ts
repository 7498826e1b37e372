import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MlflowHttp, ensured } from './mlflow-http.ts';

// Answers that a healthy MLflow does not give.
let server: Server;
let address: string;
let asked: IncomingMessage[];
let answers: { status: number; body: object }[];
const open: MlflowHttp[] = [];

beforeEach(async () => {
  asked = [];
  answers = [];
  server = createServer((request, response) => {
    asked.push(request);
    const { status, body } = answers.shift() ?? { status: 200, body: { fine: true } };
    request.resume().on('end', () => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const http of open.splice(0)) http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function http(uri = `http://${address}`, token?: string): MlflowHttp {
  const made = new MlflowHttp({ uri, token });
  open.push(made);
  return made;
}

it('lets itself in by user and password or by token, and tells neither to anybody else', async () => {
  await http(`http://ada:secret%20word@${address}/base/`).ping();
  await http(undefined, 'token-1').ping();
  expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/base/health', `Basic ${Buffer.from('ada:secret word').toString('base64')}`],
    ['/health', 'Bearer token-1'],
  ]);
  const gone = http('http://ada:secret@127.0.0.1:9');
  expect(gone.server).toBe('http://127.0.0.1:9');
  const error: unknown = await gone.ping().catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
  expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  expect((error as Error).cause).toBeUndefined();
});

it('tries again what failed for the moment, and only that', async () => {
  answers = [
    { status: 503, body: {} },
    { status: 429, body: {} },
  ];
  expect(await http().put('runs/set-tag', {})).toEqual({ fine: true });
  expect(asked).toHaveLength(3);
  answers = [{ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE', message: 'no such tag' } }];
  await expect(http().put('runs/set-tag', {})).rejects.toMatchObject({
    code: 'MLFLOW_REFUSED',
    message: expect.stringContaining('INVALID_PARAMETER_VALUE no such tag') as string,
  });
  answers = [{ status: 401, body: {} }];
  await expect(http().get('runs/get', {})).rejects.toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
  answers = [{ status: 500, body: {} }];
  await expect(http().create('runs/create', {})).rejects.toMatchObject({ code: 'MLFLOW_UNAVAILABLE' });
  expect(asked).toHaveLength(6);
});

it('looks for what it may have made before it makes it again', async () => {
  const made: string[] = [];
  const client = http();
  answers = [{ status: 500, body: {} }];
  const found = await ensured(
    async () => made[0],
    async () => {
      made.push('it');
      await client.create('runs/create', {});
    },
  );
  expect([found, made]).toEqual(['it', ['it']]);
});

it('says what to do when artifacts do not go through the proxy', async () => {
  const upload = http().upload('s3://bucket/1/artifacts', 'model.json', new Uint8Array(1), 'application/json');
  await expect(upload).rejects.toThrow(/artifacts lie at s3: .*--serve-artifacts/);
  await http().upload('mlflow-artifacts:/1/run/artifacts', 'a b/é.json', new Uint8Array(1), 'application/json');
  expect(asked.at(-1)!.url).toBe('/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/a%20b/%C3%A9.json');
});
