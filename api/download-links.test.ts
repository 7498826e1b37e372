import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../domain/identity.ts';
import type { Comparison } from '../serving/comparison.ts';
import { S3ObjectStore } from '../stores/objects/s3-object-store.ts';
import { ask } from '../tests/support/answers.ts';
import { MAKING_MS, TestMinio } from '../tests/support/minio.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { certificateEndpoints } from './routes/certificates.ts';
import { modelEndpoints } from './routes/models.ts';

let minio: TestMinio;
let objects: S3ObjectStore;
let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  [minio, pipeline] = await Promise.all([TestMinio.start(), startPipeline({ workers: false })]);
  objects = new S3ObjectStore(minio.address);
  const { context, temporal } = pipeline;
  const services = { ...pipeline.services, objects };
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  api = await startApi({ services, temporal });
}, MAKING_MS);
afterAll(async () => {
  await api?.stop();
  await objects?.close();
  await pipeline?.stop();
  await minio?.remove();
});

const download = async (url: string | undefined) => new Uint8Array(await (await fetch(url!)).arrayBuffer());
const compare = async () => (await ask(`${api.url}/models/compare/AAPL`)).body as unknown as Comparison;

test('a certificate comes with a link to the document whose SHA-256 is its hash', async () => {
  const { body } = await ask(`${api.url}/certificate/AAPL`);
  expect(certificateEndpoints[0]!.answer.schema.parse(body)).toEqual(body);
  expect(sha256Hex(await download(body.download_url as string))).toBe(body.certificate_id);
});

test('compared models come with links to what they are, learnt from and were certified with', async () => {
  const comparison = await compare();
  expect(modelEndpoints[0]!.answer.schema.parse(comparison)).toEqual(comparison);
  expect(comparison.models.map(({ model }) => model).sort()).toEqual(['linear', 'naive']);
  for (const { download_url: url, dataset, certificate, model_id: id } of comparison.models) {
    const document = JSON.parse(new TextDecoder().decode(await download(certificate!.download_url))) as {
      readonly modelId: string;
      readonly modelHash: string;
    };
    expect(document.modelId).toBe(id);
    expect(sha256Hex(await download(url))).toBe(document.modelHash);
    expect(new TextDecoder().decode((await download(dataset.download_url)).subarray(0, 4))).toBe('PAR1');
  }
});

test('pictures come with links once they are drawn', async () => {
  const [{ pictures } = { pictures: [] }] = (await compare()).models;
  expect(pictures.map(({ download_url: url }) => url)).toEqual([undefined, undefined, undefined]);
  const drawn = await (await fetch(`${api.url}${pictures[0]!.path}`)).text();
  const [{ pictures: linked } = { pictures: [] }] = (await compare()).models;
  expect(new TextDecoder().decode(await download(linked[0]!.download_url))).toBe(drawn);
});
