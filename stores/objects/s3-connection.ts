import http from 'node:http';
import https from 'node:https';
import type { Client } from 'minio';
import { StockcastError } from '../../domain/errors.ts';

/** Where a bucket is, and who asks for it. */
export interface S3Address {
  /** `http://host:port` or `https://host:port`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** A client of an S3 server. */
export interface S3Connection {
  readonly client: Client;
  close(): void;
}

/** A server that neither takes nor gives anything for this long is away. */
const SILENCE_MS = 30_000;
const MAX_SOCKETS = 64;
/** The client throws these answers away unread and says nothing of them that one could tell them by. */
const TRANSIENT_STATUSES: readonly number[] = [408, 429, 499, 500, 502, 503, 504, 520];
/** Codes of answers that are no refusal: they speak of the server's state. The first ones may be gone at once. */
const TRANSIENT_CODES: readonly string[] = ['RequestTimeout', 'OperationAborted'];
const STATE_CODES: readonly string[] = [...TRANSIENT_CODES, 'NoSuchBucket', 'NoSuchUpload', 'XMinioStorageFull'];

/** The server was reached but had no proper answer. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Opens a client; connects at first use. The library is loaded here, since most processes need none. */
export async function connectS3(address: S3Address): Promise<S3Connection> {
  const { Client: S3Client } = await import('minio');
  const { protocol, hostname, port } = new URL(address.endpoint);
  const tls = protocol === 'https:';
  const agent = new (tls ? https : http).Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const { accessKey, secretKey, sessionToken, region } = address;
  const client = new S3Client({
    endPoint: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    ...{ useSSL: tls, accessKey, secretKey, region },
    ...(sessionToken === undefined ? {} : { sessionToken }),
    transport: { request: patientRequest(tls ? https : http) },
    transportAgent: agent,
    retryOptions: { disableRetry: true },
  });
  return { client, close: () => agent.destroy() };
}

/** Requests that end when the server stays silent, and fail with an error that says so when it is in trouble. */
function patientRequest(protocol: Pick<typeof http, 'request'>): typeof http.request {
  const request = (options: http.RequestOptions, answered: (response: http.IncomingMessage) => void) => {
    const asked = protocol.request(options, (response) => {
      if (TRANSIENT_STATUSES.includes(response.statusCode!)) {
        asked.destroy(new NoAnswer(`status ${response.statusCode}`));
      } else answered(response);
    });
    asked.setTimeout(SILENCE_MS, () => asked.destroy(new NoAnswer(`silent for ${SILENCE_MS / 1000} s`)));
    return asked;
  };
  return request as typeof http.request;
}

/** Code of the error that the server answered; undefined when it did not answer, or named none. */
export function s3Code(error: unknown): string | undefined {
  return isAnswer(error) ? error.code : undefined;
}

/** Whether the same call may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  if (isAnswer(error)) return error.code === undefined || TRANSIENT_CODES.includes(error.code);
  return isNetworkFailure(error);
}

/**
 * What a failed call means to the caller: OBJECTS_UNAVAILABLE or OBJECTS_REFUSED. Other errors, which are no answer of
 * the server, stay as they are.
 */
export function s3Failure({ endpoint, bucket }: S3Address, error: unknown): unknown {
  if (isAnswer(error)) {
    const problem = [error.code, error.message].filter(Boolean).join(': ').replace(/\.$/, '');
    return error.code === undefined || STATE_CODES.includes(error.code)
      ? new StockcastError('OBJECTS_UNAVAILABLE', { endpoint, problem }, { cause: error })
      : new StockcastError('OBJECTS_REFUSED', { endpoint, bucket, problem }, { cause: error });
  }
  if (!isNetworkFailure(error)) return error;
  // Where an address has several names, the message is empty.
  const problem = error.message || (error as NodeJS.ErrnoException).code;
  return new StockcastError('OBJECTS_UNAVAILABLE', { endpoint, problem }, { cause: error });
}

// By its name, since the library may not be loaded.
function isAnswer(error: unknown): error is Error & { readonly code?: string } {
  return error instanceof Error && error.name === 'S3Error';
}

function isNetworkFailure(error: unknown): error is Error {
  if (error instanceof NoAnswer) return true;
  // Node's own misuse errors have codes, too.
  return (
    error instanceof Error &&
    !(error instanceof StockcastError) &&
    !(error instanceof TypeError) &&
    typeof (error as NodeJS.ErrnoException).code === 'string'
  );
}
