import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance, type AxiosRequestConfig, isAxiosError } from 'axios';
import { StockcastError } from '../../domain/errors.ts';

const CALL_MS = 15_000;
const ARTIFACT_MS = 120_000;
const TRIES = 4;
const FIRST_PAUSE_MS = 100;
const API = '/api/2.0/mlflow/';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts/';
/** How the artifact proxy's addresses begin. */
const PROXIED = 'mlflow-artifacts:/';

/** Where MLflow is, and how to be let in. */
export interface MlflowAddress {
  /** Base address; may hold user and password. */
  readonly uri: string;
  readonly token: string | undefined;
}

/** MLflow's REST API over kept connections; failures in the system's own words, without secrets. */
export class MlflowHttp {
  /** Base address without user and password. */
  readonly server: string;
  readonly #http: AxiosInstance;
  readonly #agents = [new HttpAgent({ keepAlive: true }), new HttpsAgent({ keepAlive: true })] as const;
  readonly #closing = new AbortController();

  /** Connects at the first call. */
  constructor({ uri, token }: MlflowAddress) {
    const url = new URL(uri);
    const { username, password } = url;
    url.username = '';
    url.password = '';
    this.server = url.href.replace(/\/$/, '');
    this.#http = axios.create({
      baseURL: this.server,
      timeout: CALL_MS,
      httpAgent: this.#agents[0],
      httpsAgent: this.#agents[1],
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxRedirects: 0,
      ...(username === ''
        ? {}
        : { auth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }),
      ...(token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }),
    });
  }

  /** Reads. @throws StockcastError MLFLOW_UNAVAILABLE, MLFLOW_REFUSED */
  get<T>(call: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    return this.#patiently(call, { method: 'GET', url: API + call, params });
  }

  /** Writes what may be written twice without a difference, so that it is tried again. @throws as `get` */
  put<T>(call: string, data: object, method: 'POST' | 'PATCH' | 'DELETE' = 'POST'): Promise<T> {
    return this.#patiently(call, { method, url: API + call, data });
  }

  /** Makes something that would be made twice if it were tried again: see `ensured`. @throws as `get` */
  create<T>(call: string, data: object): Promise<T> {
    return this.#once(call, { method: 'POST', url: API + call, data });
  }

  /** Stores a file of a run through the artifact proxy. @throws as `get` */
  async upload(artifactUri: string, path: string, bytes: Uint8Array, type: string): Promise<void> {
    await this.#patiently(`upload of ${path}`, {
      method: 'PUT',
      url: artifactUrl(artifactUri, path),
      data: Buffer.from(bytes),
      headers: { 'Content-Type': type },
      timeout: ARTIFACT_MS,
    });
  }

  /** The text of a run's file. @throws as `get` */
  download(artifactUri: string, path: string): Promise<string> {
    return this.#patiently(`download of ${path}`, {
      method: 'GET',
      url: artifactUrl(artifactUri, path),
      responseType: 'text',
      transformResponse: (text: string) => text,
      timeout: ARTIFACT_MS,
    });
  }

  /** @throws StockcastError MLFLOW_UNAVAILABLE */
  async ping(): Promise<void> {
    await this.#once('health', { method: 'GET', url: '/health' });
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
    for (const agent of this.#agents) agent.destroy();
  }

  async #patiently<T>(call: string, request: AxiosRequestConfig): Promise<T> {
    for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries++, pauseMs *= 2) {
      try {
        return await this.#once(call, request);
      } catch (error) {
        if (!isTransient(error) || tries === TRIES) throw error;
        await sleep(pauseMs, undefined, { signal: this.#closing.signal });
      }
    }
  }

  async #once<T>(call: string, request: AxiosRequestConfig): Promise<T> {
    try {
      return (await this.#http.request<T>({ ...request, signal: this.#closing.signal })).data;
    } catch (error) {
      throw failureOf(call, error);
    }
  }
}

/**
 * Finds something or makes it. A creation that may or may not have come about is looked for before it is tried again.
 */
export async function ensured<T>(find: () => Promise<T | undefined>, create: () => Promise<unknown>): Promise<T> {
  for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries++, pauseMs *= 2) {
    const found = await find();
    if (found !== undefined) return found;
    if (tries > TRIES)
      throw new StockcastError('MLFLOW_UNAVAILABLE', { problem: 'what it has made is not to be found' });
    try {
      await create();
    } catch (error) {
      if (isRefusal(error, 'RESOURCE_ALREADY_EXISTS')) continue;
      if (!isTransient(error) || tries === TRIES) throw error;
      await sleep(pauseMs);
    }
  }
}

/** Whether MLflow refused a call for this reason, in its own words. */
export function isRefusal(error: unknown, reason: string): boolean {
  return error instanceof StockcastError && error.code === 'MLFLOW_REFUSED' && error.details.reason === reason;
}

function isTransient(error: unknown): boolean {
  return error instanceof StockcastError && error.code === 'MLFLOW_UNAVAILABLE' && error.details.again !== false;
}

function artifactUrl(artifactUri: string, path: string): string {
  if (!artifactUri.startsWith(PROXIED)) {
    const problem = `artifacts lie at ${artifactUri.split(':')[0]}: and not behind its proxy; start it with --serve-artifacts`;
    throw new StockcastError('MLFLOW_REFUSED', { call: 'artifacts', problem });
  }
  const segments = `${new URL(artifactUri).pathname}/${path}`.split('/').filter(Boolean);
  return ARTIFACTS + segments.map((segment) => encodeURIComponent(decodeURIComponent(segment))).join('/');
}

// Axios' own error holds the request with its password, so it is no cause to hand on.
function failureOf(call: string, error: unknown): unknown {
  if (!isAxiosError<{ error_code?: string; message?: string }>(error)) return error;
  if (error.response === undefined) {
    return new StockcastError('MLFLOW_UNAVAILABLE', { problem: `${call}: ${error.code ?? error.message}` });
  }
  const { status, data } = error.response;
  const reason = typeof data === 'object' ? (data.error_code ?? '') : '';
  const text = typeof data === 'object' ? (data.message ?? '') : String(data);
  const problem = `${call}: ${status} ${reason} ${text}`.trim().slice(0, 500);
  if (status === 401 || status === 403) return new StockcastError('MLFLOW_UNAVAILABLE', { problem, again: false });
  // As which MLflow tells of two writers that met in its database, too.
  const isConflict = reason === 'BAD_REQUEST';
  if (status >= 500 || status === 429 || isConflict) return new StockcastError('MLFLOW_UNAVAILABLE', { problem });
  return new StockcastError('MLFLOW_REFUSED', { call, problem, reason });
}
