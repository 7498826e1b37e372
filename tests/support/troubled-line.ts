import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A line to a real server that a test can watch and cut. */
export interface TroubledLine {
  /** Base address that leads through it. */
  readonly url: string;
  /** How many connections were made. */
  readonly connections: () => number;
  /** Bytes that came from clients. */
  readonly sent: () => number;
  /** Ends the next connections, this many, after so many bytes in either direction. */
  cut(times: number, afterBytes: number): void;
  close(): Promise<void>;
}

/** Opens a line to the server at this address, on a free port. */
export async function troubledLine(target: string): Promise<TroubledLine> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let connections = 0;
  let sent = 0;
  let cuts = 0;
  let limit = 0;
  const server = createServer((client) => {
    connections++;
    const doomed = cuts > 0;
    if (doomed) cuts--;
    const upstream = connect(Number(port), hostname);
    let passed = 0;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (from === client) sent += chunk.length;
        if (doomed && passed > limit) from.destroy();
        else if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => from.resume());
      // A broken line is what this is for.
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    sent: () => sent,
    cut: (times, afterBytes) => {
      cuts = times;
      limit = afterBytes;
      // Those that are kept open would be used first.
      for (const socket of open) socket.destroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
