import { setFlagsFromString } from 'node:v8';
import { afterEach, describe, expect, it } from 'vitest';
import type { State } from '../models/checkpoints.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import type { LearningTask } from '../serving/training-pool.ts';
import { sampleSeries } from '../tests/sample-series.ts';
import { ThreadedTrainingPool } from './threaded-training-pool.ts';

const features = buildFeatures(sampleSeries('IBM'));
const task: LearningTask = {
  ...{ learner: 'random-forest', horizon: 1, window: 'all', scaleTargets: true, embargo: 0, seed: 7 },
  ...{ parameters: { nTrees: 10_000, maxDepth: null }, panel: [features] },
};

let pool: ThreadedTrainingPool | undefined;
afterEach(() => pool?.close());

describe('training threads', () => {
  it('give a checkpoint at once when one is asked for, and none before', async () => {
    pool = new ThreadedTrainingPool(1, 3_600_000);
    const stop = new AbortController();
    const told: number[] = [];
    const saved: { readonly state: State; readonly fraction: number }[] = [];
    const fitting = pool.fit(task, {
      signal: stop.signal,
      onProgress: (fraction) => {
        told.push(fraction);
        if (told.length === 5) pool!.checkpointNow();
      },
      checkpoints: {
        save: (state, fraction) => {
          saved.push({ state, fraction });
          stop.abort();
        },
      },
    });
    await expect(fitting).rejects.toThrow(/abort/i);
    expect(saved).toHaveLength(1);
    expect(saved[0]!.fraction).toBeGreaterThanOrEqual(5 / 10_000);
    expect(saved[0]!.state).toMatchObject({ roots: expect.any(Int32Array) });
  });

  it('say so when one runs out of memory, which no further attempt heals', async () => {
    pool = new ThreadedTrainingPool(1);
    // For threads that are started from now on; this one keeps what it has.
    setFlagsFromString('--max-old-space-size=16');
    try {
      await expect(pool.fit(task)).rejects.toMatchObject({
        code: 'TRAINING_OUT_OF_MEMORY',
        retryable: false,
        message: expect.stringContaining('The thread that computed fit of random-forest ran out of memory'),
      });
    } finally {
      setFlagsFromString('--max-old-space-size=0');
    }
  });
});
