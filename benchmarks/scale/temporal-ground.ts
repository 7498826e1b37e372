import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../infra/free-port.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { temporalServer } from '../../infra/temporal/temporal-server.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import type { Ground } from './ground.ts';

const LONGEST_START_MS = 120_000;

/** A Temporal of one measurement's own. */
export interface TemporalGround {
  readonly gateway: TemporalGateway;
  readonly address: string;
  readonly serverPid: number;
}

/** Runs the dev server as `npm start` does, with its state in a file, until `body` is done. */
export async function withTemporal<T>({ stateDir }: Ground, body: (on: TemporalGround) => Promise<T>): Promise<T> {
  const { path } = await ensureTemporalCli({ say: () => {} });
  const [port, uiPort] = [await freePort(0), await freePort(0)];
  const { command, args } = temporalServer({ path, port, uiPort, dbFile: join(stateDir, 'temporal.db') });
  const server = spawn(command, args, { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  const gateway = new TemporalGateway({ address, namespace: 'default', uiUrl: undefined });
  try {
    await answering(gateway);
    return await body({ gateway, address, serverPid: server.pid! });
  } finally {
    await ended(server);
    await gateway.close();
  }
}

/** Ends a child process and waits until it has. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function answering(gateway: TemporalGateway): Promise<void> {
  const until = Date.now() + LONGEST_START_MS;
  for (;;) {
    try {
      await gateway.ping(1000);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(100);
    }
  }
}
