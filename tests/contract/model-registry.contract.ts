import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { ModelReferences } from '../../domain/model-version.ts';
import type { ModelRegistry, NewModelVersion, VersionFilter } from '../../stores/registry/model-registry.ts';
import { EVALUATION } from '../an-evaluation.ts';
import { type Backend, freshContext } from './backend.ts';

function model(id: string, differing: Partial<NewModelVersion> = {}): NewModelVersion {
  return {
    id,
    ticker: 'AAPL',
    horizon: 10,
    kind: 'random-forest',
    datasetId: 'd'.repeat(64),
    featureSet: 'daily-1',
    window: 'all',
    scaleTargets: true,
    embargo: 0,
    madeFrom: ['member-1', 'member-2'],
    parameters: { nTrees: 100, maxFeatures: 1 / 3, nested: [null, true, 'x', 1e-7] },
    seed: 2 ** 31 - 1,
    codeVersion: 'c'.repeat(64),
    backend: 'typescript',
    asOf: '2013-03-01',
    objectKey: `models/AAPL/${id}.json`,
    nTrainingRows: 3262,
    trainedAt: '2013-03-01T21:00:00.123Z',
    runId: 'train/default/AAPL/2013-03-01/3f9c12',
    ...differing,
  };
}

const evaluation: Evaluation = {
  ...EVALUATION,
  model: { rmse: 0.1 + 0.2, mae: 5e-324 },
  rmseRatioToNaive: 1.0000000000000002,
  rmseRatioToDrift: 0.9999999999999999,
  notes: ['few folds'],
};

/** What every `ModelRegistry` must do. */
export function modelRegistryContract(name: string, open: () => Promise<Backend<ModelRegistry>>): void {
  describe(`the model registry on ${name}`, () => {
    let backend: Backend<ModelRegistry>;
    let registry: ModelRegistry;

    beforeAll(async () => {
      backend = await open();
      registry = backend.connect();
    });
    afterAll(() => backend.close());

    it('gives back exactly what was registered, with its version', async () => {
      const context = freshContext();
      const whole = model('a');
      const search = { trials: 12, seed: 3, until: '2008-03-03', cutShort: false };
      const panel = [
        { ticker: 'MSFT', datasetId: 'e'.repeat(64) },
        { ticker: 'AAPL', datasetId: 'd'.repeat(64) },
      ];
      const differing = { window: 252, parameters: {}, scaleTargets: false, embargo: 5, search, madeFrom: [], panel };
      const year = model('b', differing);
      expect(await registry.register(context, whole)).toEqual({ ...whole, version: 1 });
      expect(await registry.register(context, year)).toEqual({ ...year, version: 2 });
      expect(await registry.find(context, 'a')).toEqual({ ...whole, version: 1 });
      expect(await registry.find(context, 'b')).toEqual({ ...year, version: 2 });
      expect(await registry.find(context, 'c')).toBeUndefined();
    });

    it('changes nothing when a model comes again, in another run also', async () => {
      const context = freshContext();
      const first = await registry.register(context, model('a'));
      await registry.register(context, model('b'));
      await registry.recordEvaluation(context, 'a', evaluation);
      const again = await registry.register(context, model('a', { runId: 'later', asOf: '2013-03-02' }));
      expect(again).toEqual({ ...first, evaluation });
      expect(await registry.register(context, model('c'))).toMatchObject({ version: 3 });
    });

    it('counts versions from 1 for each ticker, horizon and kind', async () => {
      const context = freshContext();
      await registry.register(context, model('a'));
      for (const other of [{ ticker: 'MSFT' }, { horizon: 1 }, { kind: 'linear' }]) {
        const registered = await registry.register(context, model(JSON.stringify(other), other));
        expect(registered.version).toBe(1);
      }
    });

    it('gives every version number once when many processes register at once', async () => {
      const context = freshContext();
      const registered = await Promise.all(
        Array.from({ length: 12 }, (_, i) => backend.connect().register(context, model(`m${i % 6}`))),
      );
      for (let i = 0; i < 6; i++) expect(registered[i]).toEqual(registered[i + 6]);
      expect(new Set(registered.map(({ version }) => version))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    });

    it('keeps the evaluation with the model, exactly, once or many times', async () => {
      const context = freshContext();
      const registered = await registry.register(context, model('a'));
      await registry.recordEvaluation(context, 'a', evaluation);
      await registry.recordEvaluation(context, 'a', evaluation);
      expect(await registry.find(context, 'a')).toEqual({ ...registered, evaluation });
    });

    it('keeps the newest certificate with the model', async () => {
      const context = freshContext();
      const registered = await registry.register(context, model('a'));
      await registry.recordCertificate(context, 'a', { id: 'first', passed: true });
      await registry.recordCertificate(context, 'a', { id: 'second', passed: false });
      const certificate = { id: 'second', passed: false };
      expect(await registry.find(context, 'a')).toEqual({ ...registered, certificate });
    });

    it('says so when there is no model to evaluate or to certify', async () => {
      const certificate = { id: 'first', passed: true };
      await expect(registry.recordCertificate(freshContext(), 'nobody', certificate)).rejects.toThrow('nobody');
      await expect(registry.recordEvaluation(freshContext(), 'nobody', evaluation)).rejects.toThrow('nobody');
    });

    it('finds the newest by as-of date, then by version, and as it was at a date', async () => {
      const context = freshContext();
      await registry.register(context, model('march', { asOf: '2013-03-01' }));
      await registry.register(context, model('march-again', { asOf: '2013-03-01' }));
      await registry.register(context, model('backfill', { asOf: '2012-03-01' }));
      const newest = async (asOf?: string) =>
        (await registry.newest(context, 'AAPL', 10, 'random-forest', asOf === undefined ? {} : { asOf }))?.id;
      expect(await newest()).toBe('march-again');
      expect(await newest('2013-03-01')).toBe('march-again');
      expect(await newest('2013-02-28')).toBe('backfill');
      expect(await newest('2012-02-29')).toBeUndefined();
      expect(await registry.newest(context, 'AAPL', 1, 'random-forest')).toBeUndefined();
    });

    it('finds the newest that has an evaluation or a certificate', async () => {
      const context = freshContext();
      for (const id of ['certified', 'judged', 'trained']) await registry.register(context, model(id));
      const newest = async (filter?: VersionFilter) =>
        (await registry.newest(context, 'AAPL', 10, 'random-forest', filter))?.id;
      expect(await newest({ having: 'evaluation' })).toBeUndefined();
      for (const id of ['certified', 'judged']) await registry.recordEvaluation(context, id, evaluation);
      expect(await newest({ having: 'certificate' })).toBeUndefined();
      await registry.recordCertificate(context, 'certified', { id: 'hash', passed: false });
      expect(await newest()).toBe('trained');
      expect(await newest({ having: 'evaluation' })).toBe('judged');
      expect(await newest({ having: 'certificate' })).toBe('certified');
    });

    it('lists the kinds that have a version, ascending', async () => {
      const context = freshContext();
      for (const kind of ['naive', 'linear', 'drift']) await registry.register(context, model(kind, { kind }));
      await registry.register(context, model('linear-2', { kind: 'linear' }));
      expect(await registry.kinds(context, 'AAPL', 10)).toEqual(['drift', 'linear', 'naive']);
      expect(await registry.kinds(context, 'AAPL', 1)).toEqual([]);
    });

    it('tells where every version of a ticker and horizon stands', async () => {
      const context = freshContext();
      await registry.register(context, model('first'));
      await registry.register(context, model('second', { asOf: '2013-03-02', datasetId: 'e'.repeat(64) }));
      await registry.register(context, model('linear', { kind: 'linear' }));
      await registry.register(context, model('else', { horizon: 1 }));
      await registry.recordEvaluation(context, 'second', evaluation);
      await registry.recordCertificate(context, 'linear', { id: 'hash', passed: true });
      const datasetId = 'd'.repeat(64);
      const forest = { kind: 'random-forest', asOf: '2013-03-01', datasetId };
      expect(await registry.standings(context, 'AAPL', 10)).toEqual([
        { ...forest, id: 'linear', kind: 'linear', version: 1, certificate: { id: 'hash', passed: true } },
        { ...forest, id: 'first', version: 1 },
        {
          ...forest,
          id: 'second',
          version: 2,
          asOf: '2013-03-02',
          datasetId: 'e'.repeat(64),
          rmseRatioToNaive: 1.0000000000000002,
        },
      ]);
      expect(await registry.standings(context, 'MSFT', 10)).toEqual([]);
    });

    it('tells what every version points to', async () => {
      const context = freshContext();
      const panel = [{ ticker: 'MSFT', datasetId: 'e'.repeat(64) }];
      await registry.register(
        context,
        model('pooled', { ticker: 'pool', panel, objectKey: 'models/pool/pooled.json' }),
      );
      const ids = ['m5', 'm6', 'm7', 'm8'];
      for (const id of ids) await registry.register(context, model(id));
      await registry.recordCertificate(context, 'm7', { id: 'c7', passed: false });
      const found: ModelReferences[] = [];
      for await (const each of registry.references(context)) found.push(each);
      expect(found.map(({ id }) => id).sort()).toEqual([...ids, 'pooled']);
      const of = { ticker: 'AAPL', datasetId: 'd'.repeat(64), featureSet: 'daily-1', codeVersion: 'c'.repeat(64) };
      const m7 = { id: 'm7', ...of, objectKey: 'models/AAPL/m7.json', certificate: { id: 'c7', passed: false } };
      expect(found.find(({ id }) => id === 'm7')).toEqual(m7);
      const pooled = { id: 'pooled', ...of, ticker: 'pool', panel, objectKey: 'models/pool/pooled.json' };
      expect(found.find(({ id }) => id === 'pooled')).toEqual(pooled);
      for await (const each of registry.references(freshContext())) expect.unreachable(each.id);
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      await registry.register(one, model('a'));
      expect(await registry.standings(other, 'AAPL', 10)).toEqual([]);
      expect(await registry.find(other, 'a')).toBeUndefined();
      expect(await registry.newest(other, 'AAPL', 10, 'random-forest')).toBeUndefined();
      expect(await registry.kinds(other, 'AAPL', 10)).toEqual([]);
      await expect(registry.recordEvaluation(other, 'a', evaluation)).rejects.toThrow();
      expect((await registry.register(other, model('a'))).version).toBe(1);
    });
  });
}
