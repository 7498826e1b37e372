import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StockcastError } from '../domain/errors.ts';
import type { PlannedSearch, SearchTask } from '../domain/parameter-search.ts';
import { systemClock } from '../domain/context.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { materialiseFeatures } from './feature-sets.ts';
import { planSearch, runTrial } from './parameter-search.ts';
import { snapshotTicker } from './snapshots.ts';
import type { LearningTask, TrainingPool } from './training-pool.ts';
import { vantageOf } from './vantages.ts';

const tooFew = new StockcastError('TOO_FEW_SESSIONS', { ticker: 'AAPL', sessions: '3', until: '', needed: 60 });

let on: TestServices;
let pool: ThreadedTrainingPool;
let task: SearchTask;
let search: PlannedSearch;
const context = { tenant: 'default', principal: 'tester', clock: systemClock };

beforeAll(async () => {
  on = await openServices();
  pool = new ThreadedTrainingPool(1);
  await takeInTestUniverse(on.services, context);
  const { key, manifest } = await snapshotTicker(on.services, context, 'AAPL', vantageOf(context));
  const { key: featuresKey, featureSet } = await materialiseFeatures(on.services, context, key);
  const how = { window: 504, scaleTargets: true, embargo: 0, seed: 7, parameters: {}, featureSet } as const;
  task = { kind: 'linear', horizon: 1, ...how, data: { ticker: 'AAPL', datasetId: manifest.id, featuresKey } };
  search = (await planSearch(on.services, pool, context, task))!;
});
afterAll(async () => {
  await pool?.close();
  await on?.close();
});

/** The real threads, but what a trial computes is up to the test. */
const computing = (trialLoss: TrainingPool['trialLoss']): TrainingPool => ({
  backend: (learner) => pool.backend(learner),
  fit: (...args) => pool.fit(...args),
  walkForward: (...args) => pool.walkForward(...args),
  checkLeakage: (...args) => pool.checkLeakage(...args),
  close: () => Promise.resolve(),
  trialLoss,
});
const tried = (number: number, by: TrainingPool, options = {}) =>
  runTrial(on.services, by, context, { task, search, number }, options);
const entered = async (number: number) =>
  (await on.services.trials.newest(context, 'AAPL')).find((trial) => trial.number === number);

describe('a trial', () => {
  it('is computed once, and its result given again', async () => {
    const first = await tried(1, pool);
    expect(first).toEqual({ number: 1, parameters: { alpha: expect.any(Number) }, loss: expect.any(Number) });
    expect(await tried(1, pool)).toEqual(first);
    const refusing = computing(() => Promise.reject(new Error('computed again')));
    expect(await tried(1, refusing)).toEqual(first);
    expect(await entered(1)).toMatchObject({ status: 'finished', attempts: 1, until: search.until });
  });

  it('is handed nothing later than what the search may see', async () => {
    const asked: LearningTask[] = [];
    await tried(
      2,
      computing((given) => {
        asked.push(given);
        return pool.trialLoss(given);
      }),
    );
    const [{ panel, after }] = asked as [LearningTask];
    expect(after).toBeUndefined();
    expect(panel.map(({ dates }) => dates.at(-1))).toEqual([search.until]);
    expect(panel[0]!.X.values).toHaveLength(panel[0]!.dates.length * panel[0]!.names.length);
    expect(search.until < '2013-01-01').toBe(true);
  });

  it.each([
    [
      'an error that trying again would bring again',
      () => Promise.reject(tooFew),
      'AAPL has 3 sessions, at least 60 are needed to train. Upload more of its history.',
    ],
    ['a loss that is no number', () => Promise.resolve(Number.NaN), 'a loss of NaN'],
  ])('fails by %s, and the search goes on without it', async (_, compute, problem) => {
    const result = await tried(3, computing(compute));
    expect(result).not.toHaveProperty('loss');
    expect(await entered(3)).toMatchObject({ status: 'failed', problem });
  });

  it('is thrown back when trying again can help, and begins again then', async () => {
    await expect(
      tried(
        4,
        computing(() => Promise.reject(new Error('the disk is full'))),
      ),
    ).rejects.toThrow('disk');
    expect(await entered(4)).toMatchObject({ status: 'running', attempts: 1 });
    expect(await tried(4, pool)).toHaveProperty('loss');
    expect(await entered(4)).toMatchObject({ status: 'finished', attempts: 2 });
  });

  it('is entered as cancelled when it is called off', async () => {
    const calledOff = new AbortController();
    const aborting = computing((given, options) => {
      calledOff.abort();
      return pool.trialLoss(given, options);
    });
    await expect(tried(5, aborting, { signal: calledOff.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await entered(5)).toMatchObject({ status: 'cancelled' });
  });

  it('counts when it has finished by the time that it is called off', async () => {
    const calledOff = new AbortController();
    const finishing = computing(async (given, options) => {
      const loss = await pool.trialLoss(given, options);
      calledOff.abort();
      return loss;
    });
    const result = await tried(6, finishing, { signal: calledOff.signal });
    const { status, loss } = (await entered(6))!;
    expect({ status, loss }).toEqual({ status: 'finished', loss: result.loss });
  });
});

describe('a search', () => {
  const id = async (change: Partial<SearchTask>) =>
    (await planSearch(on.services, pool, context, { ...task, ...change }))!.searchId;

  it('has the same name for the same question, and another for any other', async () => {
    expect(await id({})).toBe(search.searchId);
    const others: Partial<SearchTask>[] = [
      { kind: 'random-forest' },
      { horizon: 2 },
      { window: 'all' },
      { scaleTargets: false },
      { embargo: 1 },
      { seed: 8 },
      { parameters: { alpha: 3 } },
      { featureSet: 'basic-2' },
      { data: { ...task.data, datasetId: 'other' } },
    ];
    const ids = await Promise.all(others.map(id));
    expect(new Set([search.searchId, ...ids]).size).toBe(others.length + 1);
  });

  it('leaves parameters that are given alone', async () => {
    const given = { ...task, kind: 'random-forest', parameters: { maxDepth: 3, nTrees: 5 } };
    const planned = (await planSearch(on.services, pool, context, given))!;
    for (const number of [0, 1, 2]) {
      const { parameters } = await runTrial(on.services, pool, context, { task: given, search: planned, number });
      expect(parameters).toMatchObject({ maxDepth: 3, nTrees: 5 });
    }
  });
});
