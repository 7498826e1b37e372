import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock } from '../../domain/context.ts';
import { collectGarbage } from '../../serving/garbage.ts';
import type { CrashJob } from '../support/crash/child.ts';
import { CrashChildren } from '../support/crash/crash-children.ts';
import { Installation, type Stored } from '../support/crash/installation.ts';
import { numbered } from '../support/crash/points.ts';
import { CONTEXT, WRITES, type Write } from '../support/crash/writes.ts';

const LANES = 2;
const LATER = { ...CONTEXT, clock: fixedClock('2100-01-01T00:00:00.000Z') };

// One life of a ticker, undisturbed; before each write it is copied for every point at which the write is killed.
describe('a process killed in the middle of a write', { timeout: 180_000 }, () => {
  let life: Installation;
  let children: CrashChildren<CrashJob>;
  const known = new Set<string>();
  const passed = new Set<string>();
  beforeAll(async () => {
    children = await CrashChildren.create(LANES, 'child.ts');
    life = await Installation.create();
  });
  afterAll(async () => {
    await children?.close();
    await life?.drop();
  });

  it.each(WRITES.map((write) => [write.name, write] as const))('%s', async (_, write) => {
    const before = await life.copy();
    try {
      const old = await life.stored();
      const points: string[] = [];
      await life.use(
        (services) => write.run(services),
        numbered((point) => points.push(point)),
      );
      const done = await life.stored();
      expect(done).not.toEqual(old);
      expect(points).toEqual(expect.arrayContaining([...write.killedAt]));
      // What was done before is looked at again; before the first step of its own nothing has happened yet.
      const own = placesOf(points).filter((place) => !known.has(place));
      for (const place of own) known.add(place);
      for (const place of own.slice(1)) passed.add(place);
      await life.use((services) => write.run(services));
      expect(await life.stored(), 'done again').toEqual(done);

      const remaining = [...write.killedAt];
      const lane = async () => {
        for (let point = remaining.shift(); point !== undefined; point = remaining.shift()) {
          await killedAt(point, write, before, { old, done });
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    } finally {
      await before.drop();
    }
  });

  // Whoever adds a step to a write adds where it is killed.
  it('was killed at every point that any write passes after its first', () => {
    const killed = placesOf(WRITES.flatMap((write) => write.killedAt));
    expect([...passed].filter((place) => !killed.includes(place))).toEqual([]);
  });

  async function killedAt(
    point: string,
    write: Write,
    before: Installation,
    { old, done }: { readonly old: Stored; readonly done: Stored },
  ): Promise<void> {
    const struck = await before.copy();
    try {
      const { databaseUrl, objectsDir } = struck;
      expect(await children.run({ databaseUrl, objectsDir, write: write.name, killAt: point }), point).toBe('SIGKILL');
      const found = await struck.stored();
      if (write.atomic) expect([old.rows, done.rows], point).toContainEqual(found.rows);
      expectBetween(found.rows, old.rows, done.rows, point);
      expectBetween(found.objects, old.objects, done.objects, point);
      expect(await struck.dangling(), point).toEqual([]);
      // What no row points to is what the collector would take.
      const { kept } = await struck.use((services) =>
        collectGarbage(services, LATER, { olderThanDays: 1, remove: false }),
      );
      expect([kept.young.objects, kept.unknown.objects], point).toEqual([0, 0]);

      await struck.use((services) => write.run(services));
      expect(await struck.stored(), point).toEqual(done);
    } finally {
      await struck.drop();
    }
  }
});

/** What is done at the points, each once. */
function placesOf(points: readonly string[]): string[] {
  return [...new Set(points.map((point) => point.replace(/#\d+$/, '')))];
}

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
