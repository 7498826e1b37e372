import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../domain/identity.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { certificateKey, walkForwardKey } from './object-keys.ts';
import type { Services } from './services.ts';

/** Writes a certificate under the hash of its content and notes it with its model; returns the hash. */
export async function storeCertificate(
  services: Services,
  context: Context,
  model: ModelVersion,
  body: Omit<Certificate, 'modelHash' | 'forecastsHash'>,
): Promise<string> {
  const [object, series] = await Promise.all([
    services.objects.get(context, model.objectKey),
    services.objects.get(context, walkForwardKey(model.ticker, model.id)),
  ]);
  const certificate: Certificate = { ...body, modelHash: sha256Hex(object), forecastsHash: sha256Hex(series) };
  const text = canonicalJson(certificate);
  const id = sha256Hex(text);
  await services.objects.put(context, certificateKey(id), new TextEncoder().encode(text));
  await services.registry.recordCertificate(context, model.id, { id, passed: body.verdict.passed });
  return id;
}

/** Reads a certificate. @throws StockcastError CERTIFICATE_UNKNOWN, OBJECT_DAMAGED when it isn't what its hash says */
export async function readCertificate(services: Services, context: Context, id: string): Promise<Certificate> {
  const key = certificateKey(id);
  if (!(await services.objects.exists(context, key))) throw new StockcastError('CERTIFICATE_UNKNOWN', { id });
  const text = new TextDecoder().decode(await services.objects.get(context, key));
  if (sha256Hex(text) !== id) {
    throw new StockcastError('OBJECT_DAMAGED', { key, problem: `its content has the hash ${sha256Hex(text)}` });
  }
  return JSON.parse(text) as Certificate;
}
