import { type AddressInfo, createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody listens on: the first free one from `preferred` on, or any when it is 0. */
export async function freePort(preferred: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = preferred; port <= 65_535; port++) {
    if (port !== 0 && taken.has(port)) continue;
    const free = await tryListen(port);
    if (free !== undefined) return free;
  }
  throw new RangeError(`no free port from ${preferred} on`);
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}
