import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrashChildren } from '../support/crash/crash-child.ts';
import { Installation, type Stored } from '../support/crash/installation.ts';
import { WRITES, type Write } from '../support/crash/writes.ts';

const LANES = 2;

// One life of a ticker, undisturbed; before each write it is copied for every point at which the write is killed.
describe('a process killed in the middle of a write', { timeout: 180_000 }, () => {
  let life: Installation;
  let children: CrashChildren;
  beforeAll(async () => {
    life = await Installation.create();
    children = new CrashChildren(LANES);
  });
  afterAll(async () => {
    await children?.close();
    await life?.drop();
  });

  it.each(WRITES.map((write) => [write.name, write] as const))('%s', async (_, write) => {
    const before = await life.copy();
    try {
      const old = await life.stored();
      const { ended, points } = await children.run({ ...addressesOf(life), write: write.name, killAt: undefined });
      expect(ended).toBe(0);
      const done = await life.stored();
      const remaining = [...points];
      const lane = async () => {
        for (let point = remaining.shift(); point !== undefined; point = remaining.shift()) {
          await killedAt(point, write, before, { old, done });
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      console.log(write.name, points);
    } finally {
      await before.drop();
    }
  });

  async function killedAt(
    point: string,
    write: Write,
    before: Installation,
    { old, done }: Record<'old' | 'done', Stored>,
  ) {
    const struck = await before.copy();
    try {
      const { ended } = await children.run({ ...addressesOf(struck), write: write.name, killAt: point });
      expect(ended, point).toBe('SIGKILL');
      const found = await struck.stored();
      if (write.atomic) expect([old.rows, done.rows], point).toContainEqual(found.rows);
      expectBetween(found.rows, old.rows, done.rows, point);
      expectBetween(found.objects, old.objects, done.objects, point);
      expect(await struck.dangling(), point).toEqual([]);

      await struck.use((services) => write.run(services));
      expect(await struck.stored(), point).toEqual(done);
    } finally {
      await struck.drop();
    }
  }
});

/** Each thing is as it was or as it is to be, and what is the same before and after is there. */
function expectBetween(found: readonly string[], old: readonly string[], done: readonly string[], point: string): void {
  expect(
    found.filter((one) => !old.includes(one) && !done.includes(one)),
    point,
  ).toEqual([]);
  expect(
    old.filter((one) => done.includes(one) && !found.includes(one)),
    point,
  ).toEqual([]);
}

function addressesOf({ databaseUrl, objectsDir }: Installation) {
  return { databaseUrl, objectsDir };
}
