import { z } from 'zod';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { certificateOf, readCertificate } from '../../serving/certificates.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { downloadUrl, tickerField } from '../fields.ts';
import { certificate } from './certificate-schema.ts';
import { predictionOptions } from './predict.ts';

/** `GET /certificate/:ticker` and `GET /certificates/:id`: what a promotion rests on. */
export const certificateEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/certificate/:ticker',
    summary: 'The certificate of what serves, or of the newest model of a kind that has one',
    description: `Defaults: horizon ${DEFAULT_HORIZON}, what serves.`,
    params: z.strictObject({ ticker: tickerField }),
    query: predictionOptions,
    answer: {
      status: 200,
      name: 'CertificateOfTicker',
      schema: z.object({ certificate_id: z.string(), download_url: downloadUrl, certificate }),
    },
    errors: [
      'TICKER_INVALID',
      'TICKER_UNKNOWN',
      'HORIZON_INVALID',
      'MODEL_KIND_UNKNOWN',
      'MODEL_MISSING',
      'CERTIFICATE_UNKNOWN',
      'OBJECT_DAMAGED',
      'DATABASE_UNAVAILABLE',
    ],
    handle: ({ services }, { context, params: { ticker }, query: { horizon = DEFAULT_HORIZON, model } }) =>
      certificateOf(services, context, { ticker, horizon, ...(model === undefined ? {} : { kind: model }) }),
  }),
  endpoint({
    method: 'get',
    path: '/certificates/:id',
    summary: 'The certificate with this hash',
    description: 'Byte for byte the document whose SHA-256 is the hash.',
    params: z.strictObject({ id: z.string().meta({ description: 'The hash of the certificate: 64 hex digits' }) }),
    answer: { status: 200, name: 'Certificate', schema: certificate },
    errors: ['CERTIFICATE_UNKNOWN', 'OBJECT_DAMAGED'],
    handle: ({ services }, { context, params: { id } }) => readCertificate(services, context, id),
  }),
];
