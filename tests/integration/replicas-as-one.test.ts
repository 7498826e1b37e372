import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/free-port.ts';
import { type ApiProcess, startApiProcess } from '../support/api-process.ts';
import { eventually } from '../support/redis.ts';

// Three real processes of the API behind one port, which answer for each other. None needs a database for what is asked.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const PROCESSES = 3;
const LIMIT = 300;
const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-replicas-as-one-'));
const agents: Agent[] = [];

let api: ApiProcess | undefined;
let url: string;

beforeAll(async () => {
  api = await startApiProcess({
    STOCKCAST_STATE_DIR: stateDir,
    STOCKCAST_RATE_LIMIT: String(LIMIT),
    API_PROCESSES: String(PROCESSES),
    DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort(0)}/nothing`,
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort(0)}`,
  });
  url = api.url;
});
afterAll(async () => {
  for (const agent of agents) agent.destroy();
  if (api !== undefined && api.child.exitCode === null && api.child.signalCode === null) {
    const exited = once(api.child, 'exit');
    for (const pid of await replicas()) resume(pid);
    api.child.kill('SIGTERM');
    await exited;
  }
  rmSync(stateDir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks on a connection of its own, or on an agent's: connections go to the processes in turns, and stay there. */
function ask(path: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpGet(`${url}${path}`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    request.on('error', reject);
  });
}

/** A connection that stays open, to the process whose turn it is. */
function connection(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

async function performance(agent: Agent | false = false): Promise<any> {
  return JSON.parse((await ask('/performance', agent)).text);
}

const metrics = async (agent: Agent | false = false) => (await ask('/metrics', agent)).text;
const probes = (text: string) =>
  Number(/^stockcast_http_requests_total\{method="GET",route="\/health",status="200"\} (\d+)$/m.exec(text)?.[1]);
const timed = (text: string) =>
  Number(/^stockcast_http_request_duration_seconds_count\{method="GET",route="\/health"\} (\d+)$/m.exec(text)?.[1]);
const processesOf = (text: string) =>
  ['asked', 'answered'].map((state) =>
    Number(new RegExp(`^stockcast_api_processes\\{state="${state}"\\} (\\d+)$`, 'm').exec(text)?.[1]),
  );

/** Ids of the API's processes. */
async function replicas(): Promise<number[]> {
  const { stdout: text } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) =>
      match !== null && Number(match[2]) === api?.child.pid && /replica-main/.test(match[3]!) ? [Number(match[1])] : [],
    );
}

function resume(pid: number): void {
  process.kill(pid, 'SIGCONT');
}

describe.sequential('several processes of the API', () => {
  it('count together, exactly, in metrics and figures', async () => {
    for (let i = 0; i < 31; i++) expect((await ask('/health')).status).toBe(200);
    // An answer is counted once its client has it.
    await eventually(async () => probes(await metrics()) === 31);
    const text = await metrics();
    expect(timed(text)).toBe(31);
    expect(text).toMatch(
      /^stockcast_http_request_duration_seconds_bucket\{le="\+Inf",method="GET",route="\/health"\} 31$/m,
    );
    expect(text).toContain('stockcast_dependency_up{dependency="database"} 0');
    expect(text).toContain('stockcast_dependency_up{dependency="objects"} 1');
    expect(processesOf(text)).toEqual([PROCESSES, PROCESSES]);
    const figures = await performance();
    const route = figures.routes.find((each: { route: string }) => each.route === '/health');
    expect(route).toMatchObject({ requests: 31, answers: { '2xx': 31 } });
    expect(route.p50_ms).toBeGreaterThan(0);
    expect(route.p99_ms).toBeGreaterThanOrEqual(route.p50_ms);
    expect(figures.processes).toEqual({ asked: PROCESSES, answered: PROCESSES });
  });

  it('go on without one that is silent, say so, and keep what it had counted', async () => {
    const kept = Array.from({ length: PROCESSES }, connection);
    for (const agent of kept) await ask('/health', agent);
    await eventually(async () => probes(await metrics()) === 31 + PROCESSES);
    const [silent] = await replicas();
    process.kill(silent!, 'SIGSTOP');
    // Whoever of those that still answer is asked.
    const text = await Promise.any(kept.map((agent) => metrics(agent)));
    expect(processesOf(text)).toEqual([PROCESSES, PROCESSES - 1]);
    expect(probes(text)).toBe(31 + PROCESSES);
    const figures = await Promise.any(kept.map((agent) => performance(agent)));
    expect(figures.processes).toEqual({ asked: PROCESSES, answered: PROCESSES - 1 });
    resume(silent!);
    await eventually(async () => processesOf(await metrics())[1] === PROCESSES);
  });

  it('keep in the metrics what one had counted that has died', async () => {
    const before = await metrics();
    const [killed] = await replicas();
    process.kill(killed!, 'SIGKILL');
    await eventually(() => /API process \d is back/.test(api!.log()));
    const text = await metrics();
    expect(processesOf(text)).toEqual([PROCESSES, PROCESSES]);
    expect(probes(text)).toBe(probes(before));
    expect(timed(text)).toBe(timed(before));
  });

  it('keep the rate limit together', async () => {
    const minute = () => Math.floor(Date.now() / 60_000);
    const sent = async (agent: Agent) => (await ask('/', agent)).status !== 429;
    let began: number;
    let allowed: number;
    do {
      began = minute();
      allowed = 0;
      // On one connection, so that one process has all of them; what other tests have asked was counted, too.
      const agent = connection();
      while (await sent(agent)) {
        if (minute() !== began) break;
        expect(allowed++).toBeLessThan(LIMIT);
      }
      const others = Array.from({ length: PROCESSES }, connection);
      const all = async () => {
        const passed = (await Promise.all(others.map(sent))).filter(Boolean).length;
        allowed += passed;
        return passed === 0;
      };
      // A new minute begins anew.
      while (!(await all()) && minute() === began) await sleep(25);
    } while (minute() !== began);
    // Each process for itself would let further hundreds pass.
    expect(allowed).toBeLessThan(1.5 * LIMIT);
  });
});
