import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment, ExperimentLook } from '../../domain/experiment.ts';
import type { ExperimentStore } from '../../stores/experiments/experiment-store.ts';
import type { Ledger } from '../../stores/ledger/ledger.ts';
import { type Backend, type TestContext, freshContext } from './backend.ts';

/** A store of experiments beside the ledger that says who serves. */
export interface ExperimentStores {
  readonly experiments: ExperimentStore;
  readonly ledger: Ledger;
}

const AT = '2013-03-01T12:00:00.123Z';
const LATER = '2013-03-04T12:00:00.000Z';

const line = (ticker: string) => ({
  ticker,
  champion: { modelId: `${ticker}-old`, kind: 'naive' },
  challenger: { modelId: `${ticker}-new`, kind: 'linear' },
});

const shadow: Experiment = {
  ...{ id: 'e1', horizon: 10, mode: 'shadow', state: 'running' },
  rule: { looks: [20, 40], alpha: 1 / 3 },
  lines: [line('AAPL'), line('MSFT')],
  ...{ looks: [], reasons: [], startedAt: AT, startedBy: 'Ada "the first"' },
};
const split: Experiment = {
  ...shadow,
  id: 'e2',
  mode: 'split',
  split: { share: 0.1, by: 'request' },
  startedAt: LATER,
};
const look: ExperimentLook = { n: 20, rmseRatio: 2 / 3, pBetter: 1e-9, pWorse: 1 - 1e-9, level: 0.1 + 0.2, at: LATER };

/** What every `ExperimentStore` must do. */
export function experimentStoreContract(name: string, open: () => Promise<Backend<ExperimentStores>>): void {
  describe(`the store of experiments on ${name}`, () => {
    let backend: Backend<ExperimentStores>;
    let experiments: ExperimentStore;
    let ledger: Ledger;

    beforeAll(async () => {
      backend = await open();
      ({ experiments, ledger } = backend.connect());
    });
    afterAll(() => backend.close());

    const serve = (context: TestContext, ticker: string, modelId: string) =>
      ledger.enter(context, {
        ...{ ticker, horizon: 10, asOf: '2013-03-01', modelId, kind: 'naive', reasons: [], principal: 'p' },
        ...{ runId: modelId, executionId: modelId, live: true },
      });
    const running = async ({ tenant }: TestContext) =>
      (await experiments.runningLines()).filter((each) => each.tenant === tenant);

    it('gives back exactly what was entered, newest first', async () => {
      const context = freshContext();
      const second = { ...split, lines: [line('IBM')] };
      expect(await experiments.start(context, shadow)).toBeUndefined();
      expect(await experiments.start(context, second)).toBeUndefined();
      expect(await experiments.find(context, 'e1')).toEqual(shadow);
      expect(await experiments.find(context, 'e3')).toBeUndefined();
      expect(await experiments.list(context, { limit: 10 })).toEqual([second, shadow]);
      expect(await experiments.list(context, { limit: 1 })).toEqual([second]);
      expect(await experiments.running(context)).toEqual(['e1', 'e2']);
      expect(await experiments.list(freshContext(), { limit: 10 })).toEqual([]);
    });

    it('lets one at a time run for a ticker and horizon, the next when it has ended', async () => {
      const context = freshContext();
      const many = Array.from({ length: 4 }, (_, i) => ({ ...shadow, id: `m${i}` }));
      const others = await Promise.all(many.map((each) => backend.connect().experiments.start(context, each)));
      const won = others.indexOf(undefined);
      expect(others.filter((other) => other === undefined)).toHaveLength(1);
      expect(await experiments.list(context, { limit: 10 })).toHaveLength(1);
      expect(await experiments.start(context, { ...split, lines: [line('IBM'), line('MSFT')] })).toBe(`m${won}`);
      expect(await experiments.start(context, many[won]!)).toBe(`m${won}`);
      expect(await experiments.start(context, { ...split, horizon: 1 })).toBeUndefined();
      await experiments.end(context, `m${won}`, { state: 'kept', reasons: ['r'], endedAt: LATER });
      expect(await experiments.start(context, { ...split, id: 'e4' })).toBeUndefined();
    });

    it('keeps each look once and the first end', async () => {
      const context = freshContext();
      await experiments.start(context, shadow);
      await experiments.noteLook(context, 'e1', look);
      await experiments.noteLook(context, 'e1', { ...look, pBetter: 1 });
      await experiments.end(context, 'e1', { state: 'promoted', reasons: ['a "b"'], endedAt: LATER });
      await experiments.end(context, 'e1', { state: 'ended', reasons: [], endedAt: AT });
      const ended = { ...shadow, looks: [look], state: 'promoted', reasons: ['a "b"'], endedAt: LATER };
      expect(await experiments.find(context, 'e1')).toEqual(ended);
      expect(await experiments.list(context, { limit: 10, running: true })).toEqual([]);
      expect(await experiments.running(context)).toEqual([]);
    });

    it('knows the lines that run while their champion serves', async () => {
      const context = freshContext();
      await experiments.start(context, split);
      expect(await running(context)).toEqual([]);
      await serve(context, 'AAPL', 'AAPL-old');
      await serve(context, 'MSFT', 'MSFT-old');
      const lines = split.lines.map((each) => ({
        ...{ tenant: context.tenant, experimentId: 'e2', horizon: 10, mode: 'split', split: split.split },
        ...each,
      }));
      expect(await running(context)).toEqual(lines);
      await serve(context, 'AAPL', 'AAPL-other');
      expect(await running(context)).toEqual(lines.slice(1));
      await experiments.end(context, 'e2', { state: 'ended', reasons: [], endedAt: LATER });
      expect(await running(context)).toEqual([]);
    });
  });
}
