import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Runtime } from '@temporalio/worker';

/** Core answers within milliseconds; whoever scrapes waits 10 s by default. */
const ANSWER_MS = 3000;

/**
 * Has Temporal's core count what it does in this process: polls, slots, latencies, failures, the cache of workflows. It
 * gives its metrics on a port of its own, which is kept on loopback; returns how to read them as Prometheus' text. Once
 * per process, before its first worker.
 */
export async function installCoreMetrics(): Promise<() => Promise<string>> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const prometheus = { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  Runtime.install({ telemetryOptions: { metrics: { attachServiceName: false, prometheus } } });
  return async () => {
    const answer = await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    return answer.text();
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
