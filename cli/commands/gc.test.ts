import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT, contextFrom } from '../../domain/context.ts';
import { commandLine, commandLineOn } from '../../tests/support/command-line.ts';
import { type TestServices, openServices } from '../../tests/support/services.ts';

const context = contextFrom({ tenant: DEFAULT_TENANT, principal: 'tester' });
const KEYS = ['models/AAPL/0a.json', 'models/AAPL/0b.json', 'pictures/AAPL/0a/1/error.svg'];

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
  for (const key of [...KEYS, 'models/AAPL/young.json', 'other/x']) {
    await on.services.objects.put(context, key, new Uint8Array(1500));
    const written = new Date(Date.now() - (key.includes('young') ? 2 : 40) * 86_400_000);
    utimesSync(join(on.objectsDir, context.tenant, key), written, written);
  }
});
afterAll(() => on.close());

const stockcast = commandLineOn(() => on);
const there = (keys: readonly string[]) => Promise.all(keys.map((key) => on.services.objects.exists(context, key)));

describe.sequential('collecting garbage on the command line', () => {
  it('shows what could go, and why the rest stays, without being told to remove it', async () => {
    const { code, stdout } = await stockcast('gc');
    expect(code).toBe(0);
    const day = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 10);
    expect(stdout.trimEnd().split('\n')).toEqual([
      '3 objects (4.5 kB) that no row points to can be removed, written more than 30 days ago:',
      'kind      objects    size  oldest',
      `models          2  3.0 kB  ${day}`,
      `pictures        1  1.5 kB  ${day}`,
      ...KEYS.map((key) => `  ${key}`),
      '0 objects (0 B) stay: models, the ledger, certificates or forecasts point to them',
      '1 object (1.5 kB) stay: written within 30 days',
      '1 object (1.5 kB) stay: of a kind that this version does not know',
      'Nothing was removed: gc --delete does it.',
    ]);
    expect(await there(KEYS)).toEqual([true, true, true]);
  });

  it('removes it when told to, and has nothing to do then', async () => {
    const { code, stdout, stderr } = await stockcast('gc', '--delete', '--json');
    expect([code, stderr]).toEqual([0, '3 objects were removed, 4.5 kB so far\n']);
    expect(JSON.parse(stdout)).toMatchObject({ removed: true, garbage: { objects: 3, keys: KEYS } });
    expect(await there(KEYS)).toEqual([false, false, false]);
    expect(await there(['models/AAPL/young.json', 'other/x'])).toEqual([true, true]);
    const again = await stockcast('gc', '--delete');
    expect(again.stdout).toContain('Nothing to remove that is older than 30 days.');
  });

  it.each(['0', '-1', '1.5', 'x'])('refuses %s days', async (days) => {
    const { code, stderr } = await stockcast('gc', `--older-than-days=${days}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('error REQUEST_INVALID: --older-than-days')]);
  });

  it('that is stopped says how far it came', async () => {
    const { code, stderr } = await commandLine(
      ['gc', '--delete', '--older-than-days', '1'],
      {
        DATABASE_URL: on.databaseUrl,
        STOCKCAST_OBJECTS_DIR: on.objectsDir,
        STOCKCAST_STATE_DIR: join(on.objectsDir, 'state'),
      },
      (parts, process) => ({
        ...parts,
        interruption: () => {
          const interruption = parts.interruption();
          process.emit('SIGINT');
          return interruption;
        },
      }),
    );
    expect([code, stderr]).toEqual([130, expect.stringContaining('stopped; nothing was removed')]);
    expect(await there(['models/AAPL/young.json'])).toEqual([true]);
  });
});
