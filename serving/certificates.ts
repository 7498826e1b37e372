import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { canonicalJson, sha256Hex } from '../domain/identity.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { kindNamed } from '../models/kinds.ts';
import { type Downloadable, downloadLink } from './download-links.ts';
import { missingModel } from './forecasting.ts';
import { tickersOnce } from './histories.ts';
import { certificateKey, walkForwardKey } from './object-keys.ts';
import { newestOfKind } from './newest-of-kind.ts';
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

/**
 * Reads a certificate and checks that its content has the hash that it goes by.
 * @throws StockcastError CERTIFICATE_UNKNOWN, OBJECT_DAMAGED
 */
export async function readCertificate(services: Services, context: Context, id: string): Promise<Certificate> {
  if (!/^[0-9a-f]{64}$/.test(id)) throw new StockcastError('CERTIFICATE_UNKNOWN', { id: `"${id}"` });
  const key = certificateKey(id);
  if (!(await services.objects.exists(context, key))) throw new StockcastError('CERTIFICATE_UNKNOWN', { id });
  const text = new TextDecoder().decode(await services.objects.get(context, key));
  if (sha256Hex(text) !== id) {
    throw new StockcastError('OBJECT_DAMAGED', { key, problem: `its content has the hash ${sha256Hex(text)}` });
  }
  return JSON.parse(text) as Certificate;
}

/** Whose certificate is asked for; without `kind`, that of what serves. */
export interface CertificateRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind?: string;
}

/** A certificate with its hash, as the API and the CLI give it. */
export interface CertificateAnswer extends Downloadable {
  readonly certificate_id: string;
  readonly certificate: Certificate;
}

/**
 * The newest certificate of the model that serves, or of a kind's newest version that has one.
 * @throws StockcastError MODEL_KIND_UNKNOWN, TICKER_UNKNOWN, MODEL_MISSING, CERTIFICATE_UNKNOWN when there is a model
 *   but no certificate yet, OBJECT_DAMAGED
 */
export async function certificateOf(
  services: Services,
  context: Context,
  request: CertificateRequest,
): Promise<CertificateAnswer> {
  const { ticker, horizon, kind } = request;
  if (kind !== undefined) kindNamed(kind);
  const promotion = kind === undefined ? await services.ledger.production(context, ticker, horizon) : undefined;
  const model =
    kind === undefined
      ? promotion && (await services.registry.find(context, promotion.modelId))
      : await newestOfKind(services, context, { ticker, horizon, kind }, 'certificate');
  if (model === undefined) throw await missingModel(services, context, request, tickersOnce(services, context));
  const id = model.certificate?.id ?? promotion?.certificateId;
  if (id === undefined) throw new StockcastError('CERTIFICATE_UNKNOWN', { id: `of ${ticker}'s ${model.kind} model` });
  const certificate = await readCertificate(services, context, id);
  return { certificate_id: id, ...(await downloadLink(services, context, certificateKey(id))), certificate };
}
