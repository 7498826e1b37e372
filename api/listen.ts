import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { StockcastError } from '../domain/errors.ts';

const SWEEP_MS = 100;
/** A client that dribbles its request's head, or has left a connection silent for so long, is cut off. */
const HEAD_TIMEOUT_MS = 20_000;
const SILENCE_MS = 600_000;

/** An API that listens. */
export interface ListeningApi {
  /** For example `http://127.0.0.1:3000`. */
  readonly url: string;
  /**
   * Takes no further connection, lets requests under way finish, and after `graceMs` ends those that have not. Settles
   * when every connection is closed.
   */
  stop(graceMs: number): Promise<void>;
}

/**
 * Listens; port 0 takes any free one.
 * @throws StockcastError STACK_FAILED when the port is taken or the address is not this machine's
 */
export async function listen(app: Express, host: string, port: number): Promise<ListeningApi> {
  const server = createServer({ headersTimeout: HEAD_TIMEOUT_MS }, app);
  server.setTimeout(SILENCE_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const problem = cause.code === 'EADDRINUSE' ? `${host}:${port} is in use` : cause.message;
      reject(new StockcastError('STACK_FAILED', { part: 'The API', problem }, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { address, family, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    stop: (graceMs) => stop(server, graceMs),
  };
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection whose request ends after this moment would be kept alive for the next one.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
