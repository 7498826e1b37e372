import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import type { Promotion } from '../../domain/model-version.ts';
import { runTypeScript } from '../support/run-typescript.ts';
import { type TestServices, openServices } from '../support/services.ts';
import { samplePrices } from '../support/test-universe.ts';

const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const TIMES = 40;
let on: TestServices;
let dir: string;

beforeAll(async () => {
  on = await openServices();
  dir = mkdtempSync(join(tmpdir(), 'stockcast-at-once-'));
});
afterAll(async () => {
  await on.close();
  rmSync(dir, { recursive: true, force: true });
});

/**
 * Runs a piece of code in two processes at once, each on stores of its own; `me` is 0 or 1, `meet(name)` waits for the
 * other. Returns what each printed last, as JSON.
 */
async function inTwoProcesses<T>(name: string, imports: string, code: string): Promise<[T, T]> {
  const source = (me: number) => `
    import { existsSync, writeFileSync } from 'node:fs';
    import { createServices } from './serving/services.ts';
    import { openStores } from './stores/open-stores.ts';
    ${imports}
    const me = ${me};
    const database = { url: ${JSON.stringify(on.databaseUrl)}, poolSize: 4, statementTimeoutMs: 60_000 };
    const stores = openStores({ database, objectsDir: ${JSON.stringify(on.objectsDir)} });
    const services = createServices(stores, 'code-1');
    const context = { tenant: 'default', principal: 'process ' + me, clock: { now: () => new Date() } };
    const meet = async (where) => {
      writeFileSync(\`${dir}/${name}-\${where}-\${me}\`, '');
      while (!existsSync(\`${dir}/${name}-\${where}-\${1 - me}\`)) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await stores.ping();
    await meet('start');
    ${code}
    await stores.close();`;
  const processes = [0, 1].map((me) => runTypeScript(source(me)));
  const said = await Promise.all(processes.map((one) => one.line()));
  expect(await Promise.all(processes.map((one) => one.exited))).toEqual([0, 0]);
  return said.map((line) => JSON.parse(line!) as T) as [T, T];
}

describe('two processes at once', { timeout: 180_000 }, () => {
  it('that take in and freeze the same bytes make one dataset', async () => {
    const pricesPath = join(dir, 'prices.csv');
    writeFileSync(pricesPath, samplePrices(['AAPL', 'MSFT'], 300));
    const [one, other] = await inTwoProcesses<Record<string, string>>(
      'ingest',
      `import { takeInPrices } from './serving/take-in-prices.ts';
       import { snapshotTicker } from './serving/snapshots.ts';
       import { materialiseFeatures } from './serving/feature-sets.ts';
       import { vantageOf } from './serving/vantages.ts';`,
      `const files = { pricesPath: ${JSON.stringify(pricesPath)}, pricesName: 'prices.csv', onBadRow: 'refuse', adjustSplits: false };
       const { tickers, n_restated } = await takeInPrices(services, context, files);
       const made = { added: String(tickers[0].added + tickers[1].added), restated: String(n_restated) };
       for (const ticker of ['AAPL', 'MSFT']) {
         await meet(ticker);
         const { key, manifest } = await snapshotTicker(services, context, ticker, vantageOf(context));
         made[ticker] = manifest.id;
         await materialiseFeatures(services, context, key);
       }
       console.log(JSON.stringify(made));`,
    );
    expect([one.added, other.added].sort()).toEqual(['0', '600']);
    expect([one.restated, other.restated]).toEqual(['0', '0']);
    for (const ticker of ['AAPL', 'MSFT']) {
      expect(one[ticker]).toBe(other[ticker]);
      expect(readdirSync(join(on.objectsDir, 'default', 'datasets', ticker))).toEqual([one[ticker]]);
    }
    const vantage = { asOf: '2013-03-01', knownAt: new Date().toISOString() };
    expect(await on.services.bars.sources(context, 'AAPL', vantage.knownAt)).toHaveLength(1);
    expect((await on.services.bars.series(context, 'AAPL', vantage))?.dates).toHaveLength(300);
  });

  it('that promote the same ticker leave one winner, a straight ledger and every entry', async () => {
    const answers = await inTwoProcesses<Promotion[]>(
      'promote',
      '',
      `const entered = [];
       for (let i = 0; i < ${TIMES}; i++) {
         // Every fourth time both make the same entry, as two attempts of one activity do.
         const executionId = i % 4 === 0 ? 'both ' + i : 'process ' + me + ' ' + i;
         const modelId = i % 4 === 0 ? 'model ' + i : 'model ' + ((i + me) % 3);
         if (i % 4 === 0) await meet(i);
         entered.push(await services.ledger.enter(context, {
           ticker: 'AAPL', horizon: 1, asOf: '2013-03-01', modelId, kind: 'linear', reasons: ['why ' + executionId],
           principal: context.principal, runId: 'run', executionId, live: true,
         }));
       }
       console.log(JSON.stringify(entered));`,
    );
    const ledger = (await on.services.ledger.history(context, 'AAPL')).reverse();
    const shared = TIMES / 4;
    expect(ledger).toHaveLength(2 * TIMES - shared);
    expect(new Set(ledger.map(({ executionId }) => executionId)).size).toBe(ledger.length);
    for (const promotion of answers.flat()) expect(ledger).toContainEqual(promotion);
    // Each entry names the one before it, and moved the alias if it named another model.
    let before: string | undefined;
    for (const { modelId, previousModelId, movedLive } of ledger) {
      expect(previousModelId).toBe(before);
      expect(movedLive).toBe(modelId !== before);
      before = modelId;
    }
    expect((await on.services.ledger.production(context, 'AAPL', 1))?.modelId).toBe(before);
    expect(await on.services.ledger.serving(context)).toHaveLength(1);
  });

  it('that register models of one kind number them without gaps, and one that both made once', async () => {
    await inTwoProcesses<number[]>(
      'register',
      '',
      `const versions = [];
       for (let i = 0; i < ${TIMES}; i++) {
         if (i % 4 === 0) await meet(i);
         const { version } = await services.registry.register(context, {
           id: i % 4 === 0 ? 'both ' + i : me + ' ' + i, ticker: 'AAPL', horizon: 1, kind: 'linear', datasetId: 'd',
           featureSet: 'f', window: 'all', scaleTargets: true, embargo: 0, parameters: {}, seed: 1, madeFrom: [],
           codeVersion: 'c', backend: 'b', asOf: '2013-03-01', objectKey: 'models/x.json', nTrainingRows: 1,
           trainedAt: new Date().toISOString(), runId: 'run',
         });
         versions.push(version);
       }
       console.log(JSON.stringify(versions));`,
    );
    const standings = await on.services.registry.standings(context, 'AAPL', 1);
    const count = 2 * TIMES - TIMES / 4;
    expect(standings.map(({ version }) => version)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });
});
