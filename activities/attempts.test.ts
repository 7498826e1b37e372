import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Beat, type Tell, survivable } from './attempts.ts';
import { Turns } from './turns.ts';

const beats: Beat[] = [];
let suspects: Turns;
beforeEach(() => {
  beats.splice(0);
  suspects = new Turns();
});

/** Runs an attempt, the second unless told otherwise, that finds these details of one before. */
function attempt<T>(
  before: Partial<Beat> | undefined,
  body: (tell: Tell) => Promise<T>,
  number = before === undefined ? 1 : (before.attempt ?? 1) + 1,
  isLocal = false,
): Promise<T> {
  const info = { heartbeatDetails: before, attempt: number, activityType: 'train', heartbeatTimeoutMs: 50, isLocal };
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
  environment.on('heartbeat', (beat: Beat) => void beats.push(beat));
  return environment.run(() => survivable({ maxCrashes: 3, suspects }, body));
}
const done = () => Promise.resolve('done');

describe('an attempt', () => {
  it('that is over within a second tells nothing', async () => {
    await attempt(undefined, done);
    expect(beats).toEqual([]);
  });

  it('that goes on tells of itself and of the checkpoint it began from, before its body tells anything', async () => {
    const checkpoint = { key: 'checkpoints/A/1', fraction: 0.4 };
    await attempt({ attempt: 1, crashes: 0, checkpoint }, () => expect.poll(() => beats).toHaveLength(1));
    expect(beats[0]).toEqual({ attempt: 2, crashes: 1, checkpoint });
  });

  it('that fails within a workflow task tells nothing, and why it did', async () => {
    const fail = () => Promise.reject(new Error('the database is away'));
    await expect(attempt(undefined, fail, 1, true)).rejects.toThrow('the database is away');
    expect(beats).toEqual([]);
  });

  it('counts those before it that ended without a word, even if they never said one', async () => {
    const fail = () => Promise.reject(new Error('the database is away'));
    const crashes = async (before: Partial<Beat> | undefined, number: number) => {
      await expect(attempt(before, fail, number)).rejects.toThrow();
      return beats.at(-1)!.crashes;
    };
    expect(await crashes(undefined, 1)).toBe(0);
    expect(await crashes(undefined, 3)).toBe(2);
    expect(await crashes({ attempt: 1, crashes: 0, fraction: 0.4 }, 2)).toBe(1);
    expect(await crashes({ attempt: 1, crashes: 0, fraction: 0.4 }, 3)).toBe(2);
    expect(await crashes({ attempt: 4, crashes: 0, isInnocent: true }, 5)).toBe(0);
    expect(await crashes({ attempt: 4, crashes: 1, isInnocent: true }, 6)).toBe(2);
    // After `temporal activity reset`.
    expect(await crashes({ attempt: 7, crashes: 2, fraction: 0.4 }, 1)).toBe(0);
    // Of a worker of an earlier version.
    expect(await crashes({ crashes: 0 }, 4)).toBe(1);
    await expect(attempt(undefined, done, 4)).rejects.toMatchObject({ type: 'WORKER_DIED' });
  });

  it('fails for good after too many deaths, and says what was known', async () => {
    const before = { attempt: 3, crashes: 2, fraction: 0.43, checkpoint: { key: 'checkpoints/A/1', fraction: 0.4 } };
    await expect(attempt(before, done)).rejects.toMatchObject({
      type: 'WORKER_DIED',
      nonRetryable: true,
      message: expect.stringMatching(/step train was given up: 3 times in a row.*last heard of at 43%/),
    });
    await expect(attempt({ crashes: 2 }, done)).rejects.toThrow('last heard of at 0%');
  });

  it('does not count those before it that failed in order', async () => {
    const failed = new Error('the database is away');
    await expect(attempt({ crashes: 1 }, () => Promise.reject(failed))).rejects.toThrow('the database is away');
    expect(beats.at(-1)).toEqual({ attempt: 2, crashes: 2, isInnocent: true });
    await expect(attempt(beats.at(-1), () => Promise.reject(failed))).rejects.toThrow('the database is away');
    expect(beats.at(-1)).toEqual({ attempt: 3, crashes: 2, isInnocent: true });
  });

  it('begins to count anew with every checkpoint, and hands the newest on', async () => {
    const checkpoint = { key: 'checkpoints/A/1', fraction: 0.5 };
    const body = (tell: Tell) => {
      tell({ checkpoint, crashes: 0 });
      return Promise.reject(new Error('no room'));
    };
    await expect(attempt({ crashes: 1 }, body)).rejects.toThrow('no room');
    expect(beats.at(-1)).toEqual({ attempt: 2, crashes: 0, isInnocent: true, checkpoint });
    await expect(attempt(beats.at(-1), () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    expect(beats.at(-1)).toEqual({ attempt: 3, crashes: 0, isInnocent: true, checkpoint });
  });
});

describe('attempts whose process died twice', () => {
  it('wait for one another, and are not blamed for what happens meanwhile', async () => {
    let finish: () => void = () => undefined;
    const first = attempt({ crashes: 1 }, () => new Promise<void>((resolve) => (finish = resolve)));
    await expect.poll(() => suspects.areTaken).toBe(true);
    const order: string[] = [];
    const second = attempt({ crashes: 1 }, () => Promise.resolve(order.push('second')));
    await expect.poll(() => beats.at(-1)).toEqual({ attempt: 2, crashes: 2, isInnocent: true });
    // Those that nothing is suspected of need no turn.
    await attempt({ crashes: 0 }, () => Promise.resolve(order.push('fresh')));
    finish();
    await Promise.all([first, second]);
    expect(order).toEqual(['fresh', 'second']);
    expect(beats.at(-1)).toEqual({ attempt: 2, crashes: 2, isInnocent: false });
    expect(suspects.areTaken).toBe(false);
  });

  it('let the next one begin when a checkpoint shows that they get on', async () => {
    const first = attempt({ crashes: 1 }, (tell) => {
      tell({ checkpoint: { key: 'checkpoints/A/1', fraction: 0.5 }, crashes: 0 });
      return attempt({ crashes: 1 }, done);
    });
    expect(await first).toBe('done');
  });
});
