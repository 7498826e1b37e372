import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { scheduleEntry } from '../../tests/support/schedule-entry.ts';
import { freshNamespace } from '../../tests/support/temporal.ts';
import { TemporalGateway } from '../temporal-gateway.ts';
import { applySchedules } from './apply-schedules.ts';
import { describeSchedule, listSchedules, pauseSchedule, resumeSchedule } from './schedules.ts';

let temporal: TemporalGateway;
let tenant = 0;
let context: { tenant: string; principal: string; clock: typeof systemClock };
beforeAll(async () => {
  temporal = new TemporalGateway({ ...(await freshNamespace()), uiUrl: undefined });
});
afterAll(() => temporal.close());
beforeEach(() => {
  context = { tenant: `t${++tenant}`, principal: 'tester', clock: systemClock };
});

const retrain = scheduleEntry();
const ingest = scheduleEntry({ name: 'ingest', workflow: 'ingestPrices' });
const apply = async (
  ...[declared, options]: [Parameters<typeof applySchedules>[2], Parameters<typeof applySchedules>[3]?]
) => (await applySchedules(temporal, context, declared, options)).map(({ name, change }) => `${name} ${change}`);
const handle = (name: string) => temporal.client.schedule.getHandle(`stockcast/${context.tenant}/${name}`);
/** Temporal's list lags behind. */
const listed = (names: readonly string[]) =>
  vi.waitFor(async () => expect((await listSchedules(temporal, context)).map(({ name }) => name)).toEqual(names), {
    timeout: 30_000,
    interval: 100,
  });

it('makes the schedules once, however often it is applied', async () => {
  expect(await apply([ingest, retrain])).toEqual(['ingest created', 'retrain created']);
  const { createdAt } = (await handle('retrain').describe()).info;
  expect(await apply([ingest, retrain])).toEqual(['ingest unchanged', 'retrain unchanged']);
  const { info } = await handle('retrain').describe();
  expect(info).toMatchObject({ createdAt, lastUpdatedAt: undefined });
});

it('also where many apply at once', async () => {
  const results = await Promise.all([1, 2, 3, 4].map(() => apply([ingest, retrain])));
  expect(results.flat().sort()).toEqual([
    ...['ingest created', 'ingest unchanged', 'ingest unchanged', 'ingest unchanged'],
    ...['retrain created', 'retrain unchanged', 'retrain unchanged', 'retrain unchanged'],
  ]);
});

it('asks again where Temporal lost a question, as it does when it has just started', async () => {
  await apply([retrain]);
  const cause = Object.assign(new Error('lost'), { code: 4, details: 'context deadline exceeded', metadata: {} });
  const lost = new StockcastError('TEMPORAL_UNAVAILABLE', { address: '', problem: cause.details }, { cause });
  const calls = vi.spyOn(temporal, 'call');
  try {
    calls.mockRejectedValueOnce(lost).mockRejectedValueOnce(lost);
    expect(await apply([retrain])).toEqual(['retrain unchanged']);
    calls.mockRejectedValueOnce(lost).mockRejectedValueOnce(lost).mockRejectedValueOnce(lost);
    await expect(apply([retrain])).rejects.toBe(lost);
  } finally {
    calls.mockRestore();
  }
});

it('tells Temporal the time zone, jitter, policies and their reasons', async () => {
  await apply([scheduleEntry({ jitter: { upTo: 60_000, because: 'not all at once' } })]);
  const { spec, policies, action } = await handle('retrain').describe();
  expect(spec).toMatchObject({ timezone: 'America/New_York', jitter: 60_000 });
  expect(policies).toEqual({ overlap: 'BUFFER_ALL', catchupWindow: 3_600_000, pauseOnFailure: false });
  expect(action).toMatchObject({
    workflowType: 'retrain',
    workflowId: `retrain/${context.tenant}/due`,
    args: [{ version: 1, context: { tenant: context.tenant, principal: 'schedule/retrain' } }],
  });
  expect(await describeSchedule(temporal, context, 'retrain')).toMatchObject({
    because: { jitter: 'not all at once', overlap: 'each day gets its run', catch_up: 'an hour is enough' },
    overlap: 'BUFFER_ALL',
    catch_up_ms: 3_600_000,
  });
});

it.each([
  ['times', { times: [{ hour: 19 }] }],
  ['jitter', { jitter: { upTo: 1000, because: 'nobody else waits' } }],
  ['overlap policy', { overlap: { policy: 'SKIP', because: 'each day gets its run' } }],
  ['reason', { overlap: { policy: 'BUFFER_ALL', because: 'I say so' } }],
  ['catch-up window', { catchUp: { within: 60_000, because: 'an hour is enough' } }],
  ['input', { input: { kinds: ['linear'] } }],
  ['workflow', { workflow: 'ingestPrices' }],
] as const)('updates one whose %s is declared otherwise', async (_, change) => {
  await apply([retrain]);
  expect(await apply([scheduleEntry(change as object)])).toEqual(['retrain updated']);
  expect(await apply([scheduleEntry(change as object)])).toEqual(['retrain unchanged']);
});

it('puts back what somebody changed by hand', async () => {
  await apply([retrain]);
  await handle('retrain').update((there) => ({ ...there, spec: { ...there.spec, timezone: 'UTC' } }));
  expect(await apply([retrain])).toEqual(['retrain updated']);
  expect((await handle('retrain').describe()).spec.timezone).toBe('America/New_York');
});

it('leaves a pause as it is, whatever else changes', async () => {
  await apply([retrain]);
  await pauseSchedule(temporal, context, 'retrain', 'the provider moves house');
  expect(await apply([scheduleEntry({ times: [{ hour: 20 }] })])).toEqual(['retrain updated']);
  expect((await handle('retrain').describe()).state).toMatchObject({ paused: true, note: 'the provider moves house' });
  await resumeSchedule(temporal, context, 'retrain', 'it has moved');
  expect(await apply([retrain], { pausedBecause: 'only for new ones' })).toEqual(['retrain updated']);
  expect((await handle('retrain').describe()).state).toMatchObject({ paused: false, note: 'it has moved' });
});

it('lets new ones wait where that is asked for', async () => {
  await apply([retrain], { pausedBecause: 'not yet' });
  expect((await handle('retrain').describe()).state).toMatchObject({ paused: true, note: 'not yet' });
});

it('removes those that are declared no longer, and leaves those of others alone', async () => {
  const other = { ...context, tenant: `${context.tenant}-other` };
  await applySchedules(temporal, other, [retrain]);
  const action = { type: 'startWorkflow', workflowType: 'theirs', taskQueue: 'theirs' } as const;
  const theirs = `stockcast/${context.tenant}/theirs`;
  await temporal.client.schedule.create({ scheduleId: theirs, spec: {}, action });
  await apply([ingest, retrain]);
  await listed(['ingest', 'retrain']);
  expect(await apply([ingest])).toEqual(['ingest unchanged', 'retrain removed']);
  await expect(handle('retrain').describe()).rejects.toThrow();
  await listed(['ingest']);
  expect(await apply([])).toEqual(['ingest removed']);
  await temporal.client.schedule.getHandle(theirs).describe();
  await temporal.client.schedule.getHandle(`stockcast/${other.tenant}/retrain`).describe();
});

it('refuses to take over the id of a schedule of somebody else, and changes nothing then', async () => {
  const action = { type: 'startWorkflow', workflowType: 'theirs', taskQueue: 'theirs' } as const;
  await temporal.client.schedule.create({ scheduleId: `stockcast/${context.tenant}/retrain`, spec: {}, action });
  await expect(apply([ingest, retrain])).rejects.toMatchObject({ code: 'SCHEDULE_FOREIGN' });
  await expect(handle('ingest').describe()).rejects.toThrow();
  expect((await handle('retrain').describe()).action.workflowType).toBe('theirs');
  await expect(pauseSchedule(temporal, context, 'retrain', '')).rejects.toMatchObject({ code: 'SCHEDULE_FOREIGN' });
});

it('only says what it would do on a dry run', async () => {
  expect(await apply([retrain], { dryRun: true })).toEqual(['retrain created']);
  await expect(handle('retrain').describe()).rejects.toThrow();
  await apply([retrain]);
  await listed(['retrain']);
  const later = scheduleEntry({ times: [{ hour: 20 }] });
  expect(await apply([later, ingest], { dryRun: true })).toEqual(['retrain updated', 'ingest created']);
  expect(await apply([], { dryRun: true })).toEqual(['retrain removed']);
  expect(await apply([retrain])).toEqual(['retrain unchanged']);
});

it('says which schedules there are when it is asked for another', async () => {
  await expect(describeSchedule(temporal, context, 'retrian')).rejects.toMatchObject({
    code: 'SCHEDULE_UNKNOWN',
    details: { known: 'none yet' },
  });
  await apply([retrain]);
  await listed(['retrain']);
  await expect(pauseSchedule(temporal, context, 'retrian', '')).rejects.toMatchObject({
    code: 'SCHEDULE_UNKNOWN',
    details: { schedule: 'retrian', known: ['retrain'] },
  });
});
