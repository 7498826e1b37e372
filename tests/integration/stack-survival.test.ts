import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../config/config.ts';
import { freePort } from '../../infra/free-port.ts';
import { type ProcessRecord, stillRuns } from '../../infra/stack/process-identity.ts';
import { StackState } from '../../infra/stack/stack-state.ts';
import { type Stack, forgetState, startStack } from '../../infra/stack/stack.ts';
import { cacheDir } from '../../infra/go-program.ts';
import { commandLine } from '../support/command-line.ts';
import { freshDatabase } from '../support/postgres.ts';
import { runTypeScript } from '../support/run-typescript.ts';
import { freshNamespace } from '../support/temporal.ts';

// How the stack comes to its end in other ways than being asked to, and what the next start makes of that.
vi.setConfig({ testTimeout: 180_000 });
const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-survival-'));
const env = { ...process.env, STOCKCAST_STATE_DIR: stateDir };
const said: string[] = [];
const stacks: Stack[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  // Ports that no other stack on this machine would take meanwhile.
  const ports: number[] = [];
  for (let i = 0; i < 4; i++) ports.push(await freePort(20_000 + Math.floor(Math.random() * 10_000), new Set(ports)));
  const [api, temporal, temporalUi, postgres] = ports;
  writeFileSync(join(stateDir, 'ports.json'), JSON.stringify({ api, temporal, temporalUi, postgres }));
});
afterEach(async () => {
  said.length = 0;
  for (const stack of stacks.splice(0)) await stack.stop();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});
afterAll(async () => {
  await forgetState(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

async function start(signal = new AbortController().signal, more: NodeJS.ProcessEnv = {}): Promise<Stack> {
  const stack = await startStack({ env: { ...env, ...more }, cwd: stateDir, say: (line) => said.push(line), signal });
  stacks.push(stack);
  return stack;
}

/** A supervisor in a process of its own, and the parts that it has started. */
async function startElsewhere(then: string) {
  const supervisor = runTypeScript(`
    import { startStack } from './infra/stack/stack.ts';
    process.env.XDG_CACHE_HOME = ${JSON.stringify(join(cacheDir(), '..'))};
    const env = { PATH: process.env.PATH, STOCKCAST_STATE_DIR: ${JSON.stringify(stateDir)} };
    const signal = new AbortController().signal;
    const stack = await startStack({ env, cwd: '/', say: () => {}, signal });
    console.log(JSON.stringify({ addresses: stack.addresses, processes: stack.processes }));
    ${then}`);
  const line = await supervisor.line();
  if (line === undefined) throw new Error(`the stack did not start: ${await supervisor.exited}`);
  const { addresses, processes } = JSON.parse(line) as Pick<Stack, 'addresses' | 'processes'>;
  return { supervisor, addresses, processes };
}

const running = (records: readonly ProcessRecord[]) => records.filter(stillRuns).map(({ name }) => name);
const recorded = () => JSON.parse(readFileSync(join(stateDir, 'processes.json'), 'utf8')) as ProcessRecord[];
const PARTS = ['API', 'PostgreSQL', 'Temporal', 'worker (data and orchestration)', 'worker (training)'];

async function isHealthy({ addresses }: Pick<Stack, 'addresses'>): Promise<void> {
  const answer = await fetch(`${addresses.api}/health`);
  expect(answer.status, await answer.text()).toBe(200);
}

describe('a stack', () => {
  it('whose supervisor was killed is ended by the next start, which takes its place and its addresses', async () => {
    const { supervisor, addresses, processes } = await startElsewhere('setInterval(() => {}, 1000);');
    await supervisor.kill();
    expect(running(processes).sort()).toEqual(PARTS);

    const stack = await start();
    expect(said.find((line) => line.startsWith('ending what an earlier run left behind: '))).toBeDefined();
    expect(running(processes)).toEqual([]);
    expect(stack.addresses).toEqual(addresses);
    await isHealthy(stack);
  });

  it('that was killed as a whole starts again as if nothing had been', async () => {
    const { supervisor, addresses, processes } = await startElsewhere('setInterval(() => {}, 1000);');
    await supervisor.kill();
    for (const { pid } of processes) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(running(processes)).toEqual([]), { timeout: 10_000 });

    const stack = await start();
    expect(said).toEqual([]);
    expect(stack.addresses).toEqual(addresses);
    await isHealthy(stack);
  });

  it('goes with a supervisor that ends in haste', async () => {
    const { supervisor, processes } = await startElsewhere('process.exit(3);');
    expect(await supervisor.exited).toBe(3);
    await vi.waitFor(() => expect(running(processes)).toEqual([]), { timeout: 10_000 });
  });

  it('makes way where its ports are taken, and says so; a second one is refused meanwhile', async () => {
    // Ports that the system hands out are surely free for this test to take.
    const last: Record<string, number> = {};
    for (const part of ['api', 'temporal', 'temporalUi', 'postgres']) {
      const server = await occupied();
      servers.push(server);
      last[part] = (server.address() as AddressInfo).port;
    }
    writeFileSync(join(stateDir, 'ports.json'), JSON.stringify(last));
    const starting = start();
    await expect(start()).rejects.toThrow(`it runs already, as process ${process.pid}`);
    const stack = await starting;
    for (const [part, port] of Object.entries({
      'the API': last.api,
      Temporal: last.temporal,
      PostgreSQL: last.postgres,
    })) {
      expect(said).toContainEqual(expect.stringMatching(new RegExp(`^port ${port} is busy: ${part} takes \\d+$`)));
    }
    const ports = [stack.addresses.api, `http://${stack.addresses.temporal}`, stack.addresses.databaseUrl];
    for (const address of ports) expect(Object.values(last)).not.toContain(Number(new URL(address).port));
    await isHealthy(stack);
  });

  it('on external servers is found by commands that know its folder alone, and listens where it was told', async () => {
    const database = await freshDatabase();
    const { address, namespace } = await freshNamespace();
    const stack = await start(undefined, {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      STOCKCAST_OBJECTS_DIR: 'elsewhere',
      STOCKCAST_API_HOST: '0.0.0.0',
    });
    expect(stack.processes).toHaveLength(3);
    await isHealthy(stack);
    expect(stack.addresses.api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(readFileSync(join(stateDir, 'logs', 'api.log'), 'utf8')).toContain('api ready: http://0.0.0.0:');

    const anywhere = { STOCKCAST_STATE_DIR: stateDir };
    for (const command of [['tickers'], ['runs', 'list']]) {
      expect(await commandLine(command, anywhere)).toMatchObject({ stderr: '', code: 0 });
    }
    const stackInUse = () => new StackState(stateDir).inUse();
    expect(loadConfig(anywhere, '/', stackInUse)).toMatchObject({
      objectsDir: join(stateDir, 'elsewhere'),
      database: { url: database.url },
      temporal: { address, namespace },
    });
    await stack.stop();
    await database.drop();
  });

  it.each([
    ['the first part', 1],
    ['the last part', 5],
  ])('that is called off while %s comes up leaves nothing behind', async (_, parts) => {
    const controller = new AbortController();
    const starting = start(controller.signal);
    const records = await vi.waitFor(
      () => {
        expect(recorded()).toHaveLength(parts);
        return recorded();
      },
      { timeout: 60_000, interval: 5 },
    );
    controller.abort(new Error('called off'));
    await expect(starting).rejects.toThrow('called off');
    expect(running(records)).toEqual([]);
    expect(() => recorded()).toThrow('ENOENT');
  });

  it('in which a part cannot start says which, where its log is and how that ends, and leaves nothing behind', async () => {
    const broken = { ...env, STOCKCAST_SHUTDOWN_GRACE_MS: '500', NODE_OPTIONS: '--no-such-option' };
    const starting = startStack({ env: broken, cwd: stateDir, say: () => {}, signal: new AbortController().signal });
    await expect(starting).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringMatching(/could not be started: it ended with code 9; its log is .*\.log.*no-such-option/s),
    });
    expect(() => recorded()).toThrow('ENOENT');
  });
});

function occupied(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
