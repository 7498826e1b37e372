import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewTrial, TrialStore } from '../../stores/trials/trial-store.ts';
import { type Backend, freshContext } from './backend.ts';

const trial: NewTrial = {
  searchId: 'search-1',
  number: 0,
  ticker: 'AAPL',
  horizon: 10,
  kind: 'linear',
  parameters: { alpha: 0.1 + 0.2, nested: [null, 'a "quoted" word'] },
  seed: 2 ** 31 - 1,
  until: '2008-03-03',
};
const NOON = '2013-03-01T12:00:00.000Z';
const LATER = '2013-03-01T12:00:01.500Z';

/** What every `TrialStore` must do. */
export function trialStoreContract(name: string, open: () => Promise<Backend<TrialStore>>): void {
  describe(`the trial store on ${name}`, () => {
    let backend: Backend<TrialStore>;
    let store: TrialStore;

    beforeAll(async () => {
      backend = await open();
      store = backend.connect();
    });
    afterAll(() => backend.close());

    it('enters that a trial begins, and how it ended, to the last bit', async () => {
      const context = freshContext();
      const begun = { ...trial, status: 'running', attempts: 1, startedAt: NOON };
      expect(await store.begin(context, trial)).toEqual(begun);
      context.at(LATER);
      const loss = 0.9999999999999999;
      const ended = { ...begun, status: 'finished', loss, endedAt: LATER };
      expect(await store.end(context, 'search-1', 0, { status: 'finished', loss })).toEqual(ended);
      expect(await store.newest(context, 'AAPL')).toEqual([ended]);
    });

    it('leaves a trial that has finished as it is, whoever begins or ends it again', async () => {
      const context = freshContext();
      await store.begin(context, trial);
      const ended = await store.end(context, 'search-1', 0, { status: 'finished', loss: 1.5 });
      context.at(LATER);
      expect(await store.begin(context, trial)).toEqual(ended);
      expect(await store.end(context, 'search-1', 0, { status: 'finished', loss: 2 })).toEqual(ended);
      expect(await store.end(context, 'search-1', 0, { status: 'cancelled' })).toEqual(ended);
    });

    it.each([
      [{ status: 'failed', problem: 'too few sessions' }, { problem: 'too few sessions' }],
      [{ status: 'cancelled' }, {}],
    ] as const)('lets one that ended as %j begin again, as another attempt', async (end, kept) => {
      const context = freshContext();
      await store.begin(context, trial);
      const ended = await store.end(context, 'search-1', 0, end);
      expect(ended).toEqual({ ...trial, ...kept, status: end.status, attempts: 1, startedAt: NOON, endedAt: NOON });
      context.at(LATER);
      expect(await store.begin(context, trial)).toEqual({ ...trial, status: 'running', attempts: 2, startedAt: LATER });
    });

    it('counts the attempts of one that nobody ended, as after a kill', async () => {
      const context = freshContext();
      await store.begin(context, trial);
      await store.begin(context, trial);
      expect(await store.begin(context, trial)).toMatchObject({ status: 'running', attempts: 3 });
    });

    it('gives one result to all who end a trial at once', async () => {
      const context = freshContext();
      await store.begin(context, trial);
      const losses = Array.from({ length: 8 }, (_, i) => i + 1);
      const ended = await Promise.all(
        losses.map((loss) => backend.connect().end(context, 'search-1', 0, { status: 'finished', loss })),
      );
      expect(new Set(ended.map(({ loss }) => loss)).size).toBe(1);
    });

    it('refuses to end what was not begun', async () => {
      const ending = store.end(freshContext(), 'search-1', 0, { status: 'cancelled' });
      await expect(ending).rejects.toThrow('trial 0 of the search search-1 was not begun');
    });

    it('gives the newest search of each horizon and kind, by number', async () => {
      const context = freshContext();
      const begin = (other: Partial<NewTrial>) => store.begin(context, { ...trial, ...other });
      await begin({ searchId: 'old', number: 0 });
      await begin({ searchId: 'old', number: 1 });
      await begin({ searchId: 'other-kind', kind: 'lstm' });
      await begin({ searchId: 'other-horizon', horizon: 1 });
      await begin({ searchId: 'other-ticker', ticker: 'MSFT' });
      context.at(LATER);
      await begin({ searchId: 'new', number: 1 });
      await begin({ searchId: 'new', number: 0 });
      const found = async (ticker: string) =>
        (await store.newest(context, ticker)).map(({ searchId, number }) => `${searchId} ${number}`);
      expect(await found('AAPL')).toEqual(['other-horizon 0', 'new 0', 'new 1', 'other-kind 0']);
      // One that is added to is the newest again.
      context.at('2013-03-02T12:00:00.000Z');
      await begin({ searchId: 'old', number: 2 });
      expect(await found('AAPL')).toEqual(['other-horizon 0', 'old 0', 'old 1', 'old 2', 'other-kind 0']);
      expect(await found('IBM')).toEqual([]);
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      await store.begin(one, trial);
      await store.end(one, 'search-1', 0, { status: 'finished', loss: 1 });
      expect(await store.newest(other, 'AAPL')).toEqual([]);
      expect(await store.begin(other, trial)).toMatchObject({ status: 'running', attempts: 1 });
    });
  });
}
