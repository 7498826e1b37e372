import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../domain/context.ts';
import { contentHash, sha256Hex } from '../domain/identity.ts';
import type { State } from '../models/checkpoints.ts';
import type { ObjectStore } from '../stores/objects/object-store.ts';
import { freshContext } from '../tests/contract/backend.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { type CheckpointNews, type Computation, withCheckpoints } from './checkpoints.ts';
import { evaluateModel } from './evaluation.ts';
import { materialiseFeatures } from './feature-sets.ts';
import { checkpointKey, modelKey, walkForwardKey } from './object-keys.ts';
import { snapshotTicker } from './snapshots.ts';
import { type TrainingTask, trainModel } from './training.ts';
import type { TaskOptions } from './training-pool.ts';
import { vantageOf } from './vantages.ts';

const killed = new Error('killed');
const HALF: State = { done: 2, sums: Float64Array.of(0.1, -0, Infinity), left: [Int32Array.of(3), null] };

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

describe('a computation with checkpoints', () => {
  const context = freshContext();
  const computation = (model: string): Computation => ({ ticker: 'A^B', identity: { job: 'fit', model } });
  const keyOf = ({ ticker, identity }: Computation) => checkpointKey(ticker, contentHash(identity));
  const pathOf = (of: Computation) => join(on.objectsDir, context.tenant, keyOf(of));
  const news: CheckpointNews[] = [];
  const onCheckpoint = (one: CheckpointNews) => void news.push(one);
  const run = <T>(of: Computation, body: (options: TaskOptions) => Promise<T>, services = on.services) =>
    withCheckpoints(services, context, of, { onCheckpoint }, body);
  /** Leaves a checkpoint behind, as a process does that is killed. */
  const leave = (of: Computation) =>
    expect(
      run(of, ({ checkpoints }) => {
        checkpoints!.save(HALF, 0.5);
        return Promise.reject(killed);
      }),
    ).rejects.toBe(killed);
  /** What an equal computation is given to begin with. */
  const begin = (of: Computation) => run(of, ({ checkpoints }) => Promise.resolve(checkpoints!.resumeFrom));
  beforeEach(() => void news.splice(0));

  it('goes on from what an equal one has left, to the bit, and leaves nothing when it is done', async () => {
    const of = computation('one');
    await leave(of);
    expect(await begin(computation('another'))).toEqual({ value: undefined });
    expect(await begin(of)).toEqual({ value: HALF, resumedFrom: 0.5 });
    expect(await on.services.objects.exists(context, keyOf(of))).toBe(false);
    const key = keyOf(of);
    expect(news).toEqual(['saved', 'resumed'].map((event) => ({ event, key, fraction: 0.5 })));
    expect(await begin(of)).toEqual({ value: undefined });
  });

  it.each<[string, (path: string) => Uint8Array, RegExp]>([
    ['a flipped bit', (path) => flipped(readFileSync(path)), /not those that were saved/],
    ['a missing end', (path) => readFileSync(path).subarray(0, -9), /not those that were saved/],
    ['nothing in it', () => new Uint8Array(), /can't be read/],
    ['other content', () => Buffer.from('null\nand more'), /can't be read/],
    ['that of another', () => readFileSync(pathOf(computation('other'))), /belongs to another computation/],
  ])('begins anew, and says so, where its checkpoint has %s', async (_, content, problem) => {
    const of = computation('one');
    await leave(computation('other'));
    await leave(of);
    writeFileSync(pathOf(of), content(pathOf(of)));
    news.splice(0);
    expect(await begin(of)).toEqual({ value: undefined });
    expect(news).toEqual([{ event: 'unusable', key: keyOf(of), problem: expect.stringMatching(problem) }]);
    expect(await on.services.objects.exists(context, keyOf(of))).toBe(false);
  });

  it('does not fail when a checkpoint cannot be stored, and stores the next one', async () => {
    let puts = 0;
    const real = on.services.objects;
    const objects: ObjectStore = {
      put: (...args) => (puts++ === 0 ? Promise.reject(new Error('no room')) : real.put(...args)),
      get: (...args) => real.get(...args),
      exists: (...args) => real.exists(...args),
      list: (...args) => real.list(...args),
      remove: (...args) => real.remove(...args),
    };
    const of = computation('unlucky');
    const told = (event: string) => expect.poll(() => news.map((one) => one.event)).toContain(event);
    const body = async ({ checkpoints }: TaskOptions) => {
      checkpoints!.save(HALF, 0.5);
      await told('unsaved');
      checkpoints!.save(HALF, 0.7);
      await told('saved');
      return 'done';
    };
    expect(await run(of, body, { ...on.services, objects })).toEqual({ value: 'done' });
    const key = keyOf(of);
    expect(news).toEqual([
      { event: 'unsaved', key, problem: 'no room' },
      { event: 'saved', key, fraction: 0.7 },
    ]);
  });

  it('stores only the newest of those that came while one was being stored', async () => {
    const of = computation('fast');
    const body = ({ checkpoints }: TaskOptions) => {
      for (let i = 1; i <= 9; i++) checkpoints!.save({ i }, i / 10);
      return Promise.reject(killed);
    };
    await expect(run(of, body)).rejects.toBe(killed);
    expect(news.map((one) => 'fraction' in one && one.fraction)).toEqual([0.1, 0.9]);
    expect(await begin(of)).toEqual({ value: { i: 9 }, resumedFrom: 0.9 });
  });
});

describe('training that is cut short', () => {
  const context = { tenant: 'default', principal: 'tester', clock: systemClock };
  let pool: ThreadedTrainingPool;
  let task: Omit<TrainingTask, 'kind' | 'parameters'>;
  let data: { ticker: string; datasetId: string; datasetKey: string; featuresKey: string };
  beforeAll(async () => {
    pool = new ThreadedTrainingPool(1, 0);
    await takeInTestUniverse(on.services, context);
    const { key, manifest } = await snapshotTicker(on.services, context, 'AAPL', vantageOf(context));
    const { key: featuresKey, featureSet } = await materialiseFeatures(on.services, context, key);
    data = { ticker: 'AAPL', datasetId: manifest.id, datasetKey: key, featuresKey };
    const how = { window: 504, scaleTargets: true, embargo: 0, seed: 7, madeFrom: [] } as const;
    task = { runId: 'run', horizon: 1, ...how, asOf: manifest.lastSession, featureSet, panel: [data] };
  });
  afterAll(() => pool.close());

  /** Calls a computation off at the first checkpoint that it stores, so many times where it is not done by then. */
  async function cutShort<T extends { resumedFrom?: number }>(
    attempt: (options: { signal: AbortSignal; onCheckpoint: (news: CheckpointNews) => void }) => Promise<T>,
    times: number,
  ): Promise<T> {
    for (let i = 0; i < times; i++) {
      const stop = new AbortController();
      const onCheckpoint = ({ event }: CheckpointNews) => event === 'saved' && stop.abort();
      try {
        return await attempt({ signal: stop.signal, onCheckpoint });
      } catch (error) {
        expect(error).toMatchObject({ name: 'AbortError' });
      }
    }
    return attempt({ signal: new AbortController().signal, onCheckpoint: () => undefined });
  }

  it.each([
    // Longer than a busy machine takes to store the first checkpoint.
    ['random-forest', { nTrees: 6000 }],
    ['lstm', { epochs: 40, patience: 40 }],
  ])('makes a %s of the same bytes, and the same forecasts', async (kind, parameters) => {
    const trained = await cutShort(
      (options) => trainModel(on.services, pool, context, { ...task, kind, parameters }, options),
      2,
    );
    expect(trained).toMatchObject({ reused: false, resumedFrom: expect.any(Number) });
    expect(trained.resumedFrom).toBeGreaterThan(0);
    const { modelId } = trained;
    const evaluated = await cutShort((options) => evaluateModel(on.services, pool, context, modelId, data, options), 2);
    expect(evaluated.resumedFrom).toBeGreaterThan(0);
    const keys = [modelKey('AAPL', modelId), walkForwardKey('AAPL', modelId)];
    const hashes = () => Promise.all(keys.map(async (key) => sha256Hex(await on.services.objects.get(context, key))));
    const before = await hashes();
    for (const key of keys) await on.services.objects.remove(context, key);
    expect(await trainModel(on.services, pool, context, { ...task, kind, parameters })).toEqual({
      modelId,
      reused: false,
    });
    expect(await evaluateModel(on.services, pool, context, modelId, data)).toEqual({ reused: false });
    expect(await hashes()).toEqual(before);
    for await (const { key } of on.services.objects.list(context, 'checkpoints/')) expect(key).toBe('none');
  });
});

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length - 3]! ^= 1;
  return bytes;
}
