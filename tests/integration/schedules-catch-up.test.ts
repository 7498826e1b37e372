import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, expect, it, vi } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import { freePort } from '../../infra/free-port.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { temporalServer } from '../../infra/temporal/temporal-server.ts';
import { applySchedules } from '../../serving/schedules/apply-schedules.ts';
import type { DeclaredSchedule } from '../../serving/schedules/schedule-file.ts';
import { describeSchedule } from '../../serving/schedules/schedules.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { scheduleEntry } from '../support/schedule-entry.ts';

const PATIENT = { timeout: 120_000, interval: 200 };
const EVERY_MS = 5000;
/** Longer than the shortest catch-up window that Temporal takes. */
const AWAY_MS = 16_000;

const dir = mkdtempSync(join(tmpdir(), 'stockcast-catch-up-'));
const context = { tenant: 'default', principal: 'tester', clock: systemClock };
let server: ChildProcess | undefined;
let temporal: TemporalGateway | undefined;
afterAll(async () => {
  await temporal?.close();
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  const running = server;
  server = undefined;
  if (running === undefined || running.exitCode !== null) return;
  const gone = once(running, 'exit');
  running.kill('SIGTERM');
  await gone;
}

it('due times missed while Temporal was away are caught up, as of their own time, within the window', async () => {
  const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
  const [port, uiPort] = [await freePort(0), await freePort(0)];
  const { command, args } = temporalServer({ path, port, uiPort, dbFile: join(dir, 'temporal.db') });
  const start = async () => {
    server = spawn(command, args, { stdio: 'ignore' });
    temporal = new TemporalGateway({ address: `127.0.0.1:${port}`, namespace: 'default', uiUrl: undefined });
    await vi.waitFor(() => temporal!.call((client) => client.schedule.list()[Symbol.asyncIterator]().next()), PATIENT);
  };
  const details = (name: string) => describeSchedule(temporal!, context, name);

  const second = { start: 0, end: 59, step: EVERY_MS / 1000 };
  // Nobody works on what is started, so that runs would be dropped for overlap with any other policy.
  const common: Partial<DeclaredSchedule> = {
    times: [{ hour: '*', minute: '*', second }],
    overlap: { policy: 'ALLOW_ALL', because: 'each is to be seen' },
  };
  await start();
  await applySchedules(temporal!, context, [
    scheduleEntry({ ...common, name: 'patient', catchUp: { within: 3_600_000, because: 'all are to be made up' } }),
    scheduleEntry({ ...common, name: 'hasty', catchUp: { within: 10_000, because: 'only the last seconds count' } }),
  ]);
  await vi.waitFor(async () => expect((await details('patient')).taken).toBeGreaterThan(0), PATIENT);
  await temporal!.close();
  await stop();
  const away = new Date();
  await sleep(AWAY_MS);
  const back = new Date();
  await start();

  const missed: string[] = [];
  for (let at = Math.ceil(away.getTime() / EVERY_MS) * EVERY_MS; at < back.getTime(); at += EVERY_MS) {
    missed.push(new Date(at).toISOString());
  }
  expect(missed.length).toBeGreaterThanOrEqual(3);
  // Each run by its id, since lists hold the newest alone. The server is slow to answer while it catches up.
  const runDue = (name: string, due: string) => {
    const id = `${name}/default/due-${due.replace('.000Z', 'Z')}`;
    return vi.waitFor(() => temporal!.call((client) => client.workflow.getHandle(id).describe()), PATIENT);
  };
  for (const due of missed) expect((await runDue('patient', due)).startTime >= back).toBe(true);
  const patient = await vi.waitFor(() => details('patient'), PATIENT);
  expect(patient).toMatchObject({ missed_catch_up: 0 });
  await vi.waitFor(async () => expect((await details('hasty')).missed_catch_up).toBeGreaterThan(0), PATIENT);
  await expect(
    temporal!.client.workflow.getHandle(`hasty/default/due-${missed[0]!.replace('.000Z', 'Z')}`).describe(),
  ).rejects.toBeInstanceOf(WorkflowNotFoundError);
});
