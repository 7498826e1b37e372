import { type DebianProgram, ensureDebianProgram } from '../debian-program.ts';

/** How a real redis-server is run on this machine; a text says why none can be had. */
export type RedisProgram = DebianProgram | string;

/** Finds redis-server, or unpacks it into the user's cache; as root `apt-get install redis-server` does as well. */
export function ensureRedis(): Promise<RedisProgram> {
  // On Debian the server is a link into the tools, and needs libraries that not every machine has.
  return ensureDebianProgram('redis', 'redis-server', ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']);
}

/** The arguments of a Redis on 127.0.0.1 alone that writes nothing to disk: what it holds can be had again. */
export function redisServer(port: number, dir: string): string[] {
  return ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
}
