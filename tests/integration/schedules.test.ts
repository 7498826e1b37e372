import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pc from 'picocolors';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runSchema } from '../../api/routes/runs.ts';
import { runDetails } from '../../cli/tables/run-tables.ts';
import { closeOf, newYorkDate } from '../../domain/calendar.ts';
import { QUEUES } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { applySchedules } from '../../serving/schedules/apply-schedules.ts';
import type { DeclaredSchedule } from '../../serving/schedules/schedule-file.ts';
import {
  type ScheduledRun,
  describeSchedule,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
} from '../../serving/schedules/schedules.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import { describeRun, startTickerTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { sampleTicker } from '../doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../doubles/yahoo.ts';
import { pricesFrom } from '../support/live-prices.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { scheduleEntry } from '../support/schedule-entry.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const run = promisify(execFile);
const PATIENT = { timeout: 120_000, interval: 100 };
const LINEAR = { horizons: [1], kinds: ['linear'] };
/** What is known before anything is fetched: sessions up to this one. */
const KNOWN = '2013-02-22';

let yahoo: YahooDouble;
let pipeline: TestPipeline;
let cli: string;
beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: sampleTicker('AAPL'), MSFT: sampleTicker('MSFT') });
  pipeline = await startPipeline({ workers: false, prices: pricesFrom(yahoo.url, { source: 'yahoo' }) });
  cli = (await ensureTemporalCli({ say: (line) => console.error(line) })).path;
  const { services, context } = pipeline;
  const known = samplePrices()
    .split('\n')
    .filter((line) => line.startsWith('ticker') || line.split(',')[2]! <= KNOWN)
    .join('\n');
  await withFile(`${known}\n`, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'known.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
});
afterAll(async () => {
  await pipeline?.stop();
  await yahoo?.stop();
});

const hourly = scheduleEntry({
  name: 'ingest',
  workflow: 'ingestPrices',
  times: [{ dayOfWeek: { start: 'MONDAY', end: 'FRIDAY' }, hour: { start: 9, end: 21 }, minute: 5 }],
});
const daily = scheduleEntry({ input: LINEAR, jitter: { upTo: 60_000, because: 'due times must not move with it' } });

const apply = (...declared: DeclaredSchedule[]) => applySchedules(pipeline.temporal, pipeline.context, declared);
const details = (name: string) => describeSchedule(pipeline.temporal, pipeline.context, name);
const resultOf = (runId: string) => pipeline.temporal.client.workflow.getHandle(runId).result();

/** What the API answers of a run's result, and what the command line shows of the run. */
async function shown(runId: string) {
  const view = await describeRun(pipeline.temporal, pipeline.context, runId);
  const answer = runSchema.parse(runAnswer(view));
  expect(answer).toEqual(runAnswer(view));
  return [answer.result, runDetails(view, pc.createColors(false))];
}

/** Temporal's own command line, as an operator uses it. */
async function backfill(name: string, start: string, end: string, policy = 'BufferAll'): Promise<void> {
  const { address, namespace } = pipeline.at;
  const args = ['--schedule-id', `stockcast/default/${name}`, '--start-time', start, '--end-time', end];
  await run(cli, ['schedule', 'backfill', ...args, '--overlap-policy', policy, '--address', address, '-n', namespace]);
}

/** The runs of a schedule that were due then, oldest first, once all of them have ended. */
async function ended(name: string, due: readonly string[]): Promise<readonly ScheduledRun[]> {
  return vi.waitFor(async () => {
    const runs = (await details(name)).runs.filter(({ due_at: at }) => due.includes(at!));
    expect(runs.filter(({ status }) => status !== 'running')).toHaveLength(due.length);
    return runs.sort((a, b) => (a.due_at! < b.due_at! ? -1 : 1));
  }, PATIENT);
}

describe('runs that overlap', () => {
  const everySecond = [{ hour: '*', minute: '*', second: '*' }] as const;
  const fetching = (name: string, policy: DeclaredSchedule['overlap']['policy']) =>
    scheduleEntry({ ...hourly, name, times: [...everySecond], overlap: { policy, because: 'it is what is tested' } });

  // Nobody works yet, so that the first run stays under way for as long as it is wanted.
  it('are dropped where the policy is SKIP', async () => {
    await apply(fetching('skipping', 'SKIP'));
    await vi.waitFor(async () => {
      const { taken, skipped_for_overlap: skipped } = await details('skipping');
      expect([taken, skipped > 1]).toEqual([1, true]);
    }, PATIENT);
    await pauseSchedule(pipeline.temporal, pipeline.context, 'skipping', 'seen enough');
    expect((await details('skipping')).runs).toHaveLength(1);
  });

  it('wait for each other where it is BUFFER_ALL', async () => {
    const due = ['2013-02-19T23:30:00.000Z', '2013-02-20T23:30:00.000Z', '2013-02-21T23:30:00.000Z'];
    await apply(fetching('skipping', 'SKIP'), { ...hourly, name: 'waiting', times: daily.times });
    await pauseSchedule(pipeline.temporal, pipeline.context, 'waiting', 'only what is backfilled');
    await backfill('waiting', '2013-02-19T00:00:00Z', '2013-02-22T00:00:00Z');
    await vi.waitFor(async () => expect((await details('waiting')).runs).toHaveLength(1), PATIENT);
    const stop = await pipeline.work(Object.values(QUEUES));
    const runs = await ended('waiting', due);
    expect(runs.map(({ started_at: at }) => at)).toEqual(runs.map(({ started_at: at }) => at).sort());
    const { workflow } = pipeline.temporal.client;
    const [first, second, third] = await Promise.all(runs.map((each) => workflow.getHandle(each.run_id).describe()));
    expect(second!.startTime >= first!.closeTime!).toBe(true);
    expect(third!.startTime >= second!.closeTime!).toBe(true);
    await stop();
  });
});

describe('a day of schedules', () => {
  beforeAll(async () => {
    await pipeline.work(Object.values(QUEUES));
    await apply(hourly, daily);
    for (const name of ['ingest', 'retrain']) {
      await pauseSchedule(pipeline.temporal, pipeline.context, name, 'only what is triggered and backfilled');
    }
  });
  beforeEach(() => {
    yahoo.requests.length = 0;
  });
  const newest = () =>
    pipeline.services.bars.newestSession(pipeline.context, 'AAPL', {
      asOf: newYorkDate(new Date()),
      knownAt: new Date().toISOString(),
    });

  it('fetches hour by hour what had closed by then, and nothing later', async () => {
    await backfill('ingest', '2013-02-25T20:00:00Z', '2013-02-25T23:00:00Z');
    const due = ['2013-02-25T20:05:00.000Z', '2013-02-25T21:05:00.000Z', '2013-02-25T22:05:00.000Z'];
    const runs = await ended('ingest', due);
    expect(runs.map(({ as_of: asOf, verdict }) => `${asOf} ${verdict}`)).toEqual([
      '2013-02-22 completed',
      '2013-02-25 completed',
      '2013-02-25 completed',
    ]);
    const results = await Promise.all(runs.map(({ run_id: id }) => resultOf(id)));
    const nothing = { source: 'yahoo', tickers: 2, rows: 0, behind: 0, failed: 0 };
    expect(results).toMatchObject([nothing, { ...nothing, rows: 2 }, nothing]);
    expect(await shown(runs[1]!.run_id)).toEqual([
      { ...nothing, rows: 2, verdict: 'completed', as_of: '2013-02-25', failures: [] },
      expect.stringContaining('\n  as of 2013-02-25: 2 rows of 2 tickers from yahoo, 0 of them not there yet'),
    ]);
    expect(await newest()).toBe('2013-02-25');
  });

  it('trains in the evening as of that day, and moves nothing that serves', async () => {
    const { services, temporal, context } = pipeline;
    const { run_id: served } = await startTickerTraining(services, temporal, context, 'AAPL', {
      ...SMALL_WISH,
      kinds: [],
    });
    await pipeline.ended(served);
    const live = await services.ledger.production(context, 'AAPL', 1);
    expect(live).toBeDefined();

    await backfill('retrain', '2013-02-25T00:00:00Z', '2013-02-25T23:59:00Z');
    const [evening] = await ended('retrain', ['2013-02-25T23:30:00.000Z']);
    expect(evening).toMatchObject({ status: 'completed', as_of: '2013-02-25', verdict: 'completed' });
    expect(evening!.run_id).toBe('retrain/default/due-2013-02-25T23:30:00Z');
    const result = (await resultOf(evening!.run_id)) as { runId: string };
    expect(result).toMatchObject({ session: '2013-02-25', live: false, joined: false, failed: [] });
    expect(result.runId).toMatch(/^train-universe\/default\/2013-02-25\/[0-9a-f]{12}$/);
    expect(await shown(evening!.run_id)).toEqual([
      { verdict: 'completed', as_of: '2013-02-25', run_id: result.runId, live: false, joined: false, failed: [] },
      expect.stringContaining(`\n  as of 2013-02-25: trained by npx stockcast runs show ${result.runId}`),
    ]);
    const then = await services.ledger.production(context, 'AAPL', 1, '2013-02-25');
    expect(then).toMatchObject({ asOf: '2013-02-25', movedLive: false });
    expect(await services.ledger.production(context, 'AAPL', 1)).toEqual(live);
  });

  it('does the same again as of an earlier day by what was known then, and joins what stands', async () => {
    const due = ['2013-02-21T23:30:00.000Z', '2013-02-25T23:30:00.000Z'];
    await backfill('retrain', '2013-02-21T23:00:00Z', '2013-02-22T00:00:00Z');
    await ended('retrain', due.slice(0, 1));
    await backfill('retrain', '2013-02-25T23:00:00Z', '2013-02-26T00:00:00Z');
    const id = 'retrain/default/due-2013-02-25T23:30:00Z';
    await vi.waitFor(
      async () => expect(await resultOf(id)).toMatchObject({ joined: true, session: '2013-02-25' }),
      PATIENT,
    );
    const earlier = await resultOf('retrain/default/due-2013-02-21T23:30:00Z');
    expect(earlier).toMatchObject({ session: '2013-02-21', live: false, joined: false });
  });

  it('skips holidays and closures that no rule tells, visibly, and works on half days', async () => {
    const days = ['2012-12-24', '2012-12-25', '2012-12-26'];
    for (const day of days) await backfill('ingest', `${day}T21:00:00Z`, `${day}T21:30:00Z`);
    const due = days.map((day) => `${day}T21:05:00.000Z`);
    const runs = await ended('ingest', due);
    expect(runs.map(({ status, as_of: asOf, verdict }) => [status, asOf, verdict])).toEqual([
      ['completed', '2012-12-24', 'completed'],
      ['completed', null, 'skipped'],
      ['completed', '2012-12-26', 'completed'],
    ]);
    await backfill('retrain', '2012-10-29T00:00:00Z', '2012-10-30T00:00:00Z');
    const [storm] = await ended('retrain', ['2012-10-29T22:30:00.000Z']);
    const reason = 'the exchange is closed on 2012-10-29';
    expect(storm).toMatchObject({ status: 'completed', verdict: 'skipped', reason });
    expect(await resultOf(storm!.run_id)).toEqual({ verdict: 'skipped', reason });
    expect(yahoo.requests).toEqual([]);
  });

  it('scores, looks for drift and judges as of the day that it was due, and not when the exchange was closed', async () => {
    const evening = [{ dayOfWeek: '*', hour: 19, minute: 30 }] as const;
    const names = { score: 'scoreForecasts', drift: 'monitorDrift', experiments: 'judgeExperiments' };
    const schedules = Object.entries(names).map(([name, workflow]) =>
      scheduleEntry({ ...daily, name, workflow, times: [...evening], input: {} }),
    );
    await apply(hourly, daily, ...schedules);
    for (const name of Object.keys(names)) {
      await pauseSchedule(pipeline.temporal, pipeline.context, name, 'only what is backfilled');
      // The day after Christmas, and Christmas.
      await backfill(name, '2012-12-26T00:00:00Z', '2012-12-27T12:00:00Z');
    }
    for (const name of Object.keys(names)) {
      const runs = await ended(name, ['2012-12-26T00:30:00.000Z', '2012-12-27T00:30:00.000Z']);
      expect(runs.map(({ verdict, as_of: asOf, reason }) => [verdict, asOf, reason])).toEqual([
        ['skipped', null, 'the exchange is closed on 2012-12-25'],
        ['completed', '2012-12-26', null],
      ]);
      expect(await resultOf(runs[1]!.run_id)).toMatchObject({ asOf: '2012-12-26' });
      expect(await shown(runs[0]!.run_id)).toEqual([
        { verdict: 'skipped', reason: 'the exchange is closed on 2012-12-25' },
        expect.stringContaining('\n  skipped: the exchange is closed on 2012-12-25'),
      ]);
    }
  });

  it('runs at once when it is triggered, on any day and while it is paused, and may then serve', async () => {
    const { services, temporal, context } = pipeline;
    const before = new Date();
    await triggerSchedule(temporal, context, 'retrain');
    const live = await vi.waitFor(async () => {
      const [newestRun] = (await details('retrain')).runs;
      expect(newestRun!.due_at! >= new Date(before.getTime() - 1000).toISOString()).toBe(true);
      expect(newestRun!.status).toBe('completed');
      return newestRun!;
    }, PATIENT);
    expect(closeOf(live.as_of!) <= new Date()).toBe(true);
    const result = (await resultOf(live.run_id)) as { runId: string };
    expect(result).toMatchObject({ verdict: 'completed', live: true, session: live.as_of });
    expect(result.runId).toMatch(/^train-universe\/default\/2013-02-25\//);
    expect(await services.ledger.production(context, 'AAPL', 1)).toMatchObject({ movedLive: true });
    expect((await details('retrain')).paused).toBe(true);
  });

  it('takes in what is due by now when the source has it, and says which tickers it could not fetch', async () => {
    yahoo.tickers.delete('MSFT');
    await triggerSchedule(pipeline.temporal, pipeline.context, 'ingest');
    const [last] = await vi.waitFor(async () => {
      const { runs } = await details('ingest');
      expect(runs[0]).toMatchObject({ status: 'completed', verdict: 'failed' });
      return runs;
    }, PATIENT);
    const failures = [expect.objectContaining({ ticker: 'MSFT', code: 'SOURCE_TICKER_UNKNOWN' })];
    expect(await resultOf(last!.run_id)).toMatchObject({ tickers: 2, rows: 4, behind: 1, failed: 1, failures });
    expect(await newest()).toBe('2013-03-01');
    await resumeSchedule(pipeline.temporal, pipeline.context, 'ingest', 'done');
  });
});
