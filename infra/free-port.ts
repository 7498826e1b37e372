import { type AddressInfo, createServer } from 'node:net';
import { StockcastError } from '../domain/errors.ts';

/**
 * A port that nobody listens on: the first free one from `preferred` on, or any when it is 0.
 * @throws StockcastError CONFIG_INVALID when nothing can listen on `host`
 */
export async function freePort(
  preferred: number,
  taken: ReadonlySet<number> = new Set(),
  host = '127.0.0.1',
): Promise<number> {
  for (let port = preferred; port <= 65_535; port++) {
    if (port !== 0 && taken.has(port)) continue;
    const free = await tryListen(port, host);
    if (free !== undefined) return free;
  }
  throw new RangeError(`no free port from ${preferred} on`);
}

function tryListen(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else
        reject(
          new StockcastError(
            'CONFIG_INVALID',
            { problems: `nothing can listen on ${host}: ${error.message}` },
            { cause: error },
          ),
        );
    });
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}
