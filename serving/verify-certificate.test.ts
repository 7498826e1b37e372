import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateCheck, Verification } from '../domain/certificate.ts';
import { canonicalJson } from '../domain/identity.ts';
import { freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { adoptPool } from '../tests/support/adopted-pool.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { certificateOf, readCertificate } from './certificates.ts';
import { certificateKey, datasetManifestKey, modelKey, walkForwardKey } from './object-keys.ts';
import { RETRAINING_TOLERANCE } from './retraining.ts';
import type { Services } from './services.ts';
import type { FittedModel, TrainingPool } from './training-pool.ts';
import { verifyCertificate } from './verify-certificate.ts';

const KINDS = ['naive', 'drift', 'linear', 'random-forest', 'lstm', 'ensemble'];
const context = freshContext();
let on: TestServices;
let services: Services;
let pool: ThreadedTrainingPool;

beforeAll(async () => {
  on = await openServices();
  services = on.services;
  pool = new ThreadedTrainingPool(1);
  const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  const bars = ['IBM', 'MSFT'].map((ticker) => sampleBars(ticker).slice(0, 500));
  await services.bars.merge(context, record, bars, []);
  await trainDirectly(services, context, { ticker: 'IBM', horizon: 1, kinds: KINDS });
}, 120_000);
afterAll(async () => {
  await pool.close();
  await on.close();
});

const idOf = async (kind: string) =>
  (await certificateOf(services, context, { ticker: 'IBM', horizon: 1, kind })).certificate_id;
const verify = async (kind: string, retrain?: TrainingPool, as: Services = services): Promise<Verification> =>
  verifyCertificate(as, context, await idOf(kind), retrain === undefined ? {} : { retrain });
const failures = ({ checks }: Verification) => checks.filter(({ status }) => status === 'failed');
const named = ({ checks }: Verification, name: string): CertificateCheck | undefined =>
  checks.find((check) => check.name === name);

describe('the certificate that is asked for', () => {
  it('is that of what serves, or of a kind', async () => {
    const serving = await services.ledger.production(context, 'IBM', 1);
    const served = await certificateOf(services, context, { ticker: 'IBM', horizon: 1 });
    expect(served.certificate_id).toBe(serving!.certificateId);
    expect(served.certificate.modelId).toBe(serving!.modelId);
    expect(await readCertificate(services, context, await idOf('drift'))).toMatchObject({ model: { kind: 'drift' } });
  });

  it.each([
    [{ ticker: 'ZZZZ', horizon: 1 }, 'TICKER_UNKNOWN'],
    [{ ticker: 'IBM', horizon: 2 }, 'MODEL_MISSING'],
    [{ ticker: 'IBM', horizon: 1, kind: 'pooled-linear' }, 'MODEL_MISSING'],
    [{ ticker: 'IBM', horizon: 1, kind: 'oracle' }, 'MODEL_KIND_UNKNOWN'],
  ])('%j is refused as %s', async (request, code) => {
    await expect(certificateOf(services, context, request)).rejects.toMatchObject({ code });
  });

  it.each(['0'.repeat(64), '../../secret', 'abc'])('with the hash %s is unknown', async (id) => {
    await expect(readCertificate(services, context, id)).rejects.toMatchObject({ code: 'CERTIFICATE_UNKNOWN' });
  });
});

describe('a certificate', () => {
  it.each(KINDS)('of %s holds, and training again gives the same bytes', async (kind) => {
    const { holds, checks } = await verify(kind, pool);
    expect(failures({ holds, checks })).toEqual([]);
    expect(holds).toBe(true);
    const names = ['certificate', 'identity', 'dataset of IBM', 'model object', 'walk-forward forecasts', 'figures'];
    expect(checks.map(({ name }) => name)).toEqual(
      kind === 'ensemble'
        ? [
            ...names,
            ...['random-forest', 'lstm'].flatMap((of) => [...names, 'training'].map((name) => `${name} of ${of}`)),
          ]
        : [...names, 'training'],
    );
    const trained = checks.filter(({ name }) => name.startsWith('training'));
    for (const { detail } of trained) expect(detail).toMatch(/^trained again: \d+ rows give the same bytes$/);
  });

  it('of a pooled model holds with the data of every ticker that it learnt from', async () => {
    await adoptPool(services, pool, context, { tickers: ['IBM', 'MSFT'], horizon: 1, kind: 'pooled-linear' });
    const verification = await verify('pooled-linear', pool);
    expect(failures(verification)).toEqual([]);
    expect(named(verification, 'dataset of MSFT')?.status).toBe('passed');
    expect(named(verification, 'identity')?.detail).toContain('pooled');
    expect(named(verification, 'training')?.detail).toMatch(/same bytes$/);
  });
});

describe('what was tampered with is named', () => {
  let restore: () => void;
  beforeEach(() => {
    restore = () => undefined;
  });
  afterEach(() => restore());

  /** Changes a stored object until the end of the test. */
  async function tamper(key: string, change: (text: string) => string | undefined): Promise<void> {
    const path = join(on.objectsDir, context.tenant, key);
    const bytes = await services.objects.get(context, key);
    const changed = change(new TextDecoder().decode(bytes));
    if (changed === undefined) rmSync(path);
    else writeFileSync(path, changed);
    restore = () => writeFileSync(path, bytes);
  }
  const modelOf = async (kind: string) => (await services.registry.newest(context, 'IBM', 1, kind))!;

  it('a certificate that was edited is not read', async () => {
    const id = await idOf('linear');
    await tamper(certificateKey(id), (text) => text.replace('"passed":false', '"passed":true'));
    await expect(verifyCertificate(services, context, id)).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
      message: expect.stringContaining('its content has the hash'),
    });
  });

  it('the model', async () => {
    const { objectKey, id } = await modelOf('linear');
    expect(objectKey).toBe(modelKey('IBM', id));
    await tamper(objectKey, (text) => text.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10)));
    const verification = await verify('linear', pool);
    expect(verification.holds).toBe(false);
    expect(failures(verification)).toEqual([
      { name: 'model object', status: 'failed', detail: expect.stringContaining('the certificate says') },
    ]);
    expect(named(verification, 'training')?.detail).toContain('same bytes');
  });

  it('the walk-forward forecasts, with the figures that no longer follow', async () => {
    const { id } = await modelOf('linear');
    await tamper(walkForwardKey('IBM', id), (text) => {
      const series = JSON.parse(text) as { y: number[] };
      series.y[3]! *= 2;
      return canonicalJson(series);
    });
    const verification = await verify('linear');
    expect(failures(verification).map(({ name }) => name)).toEqual(['walk-forward forecasts', 'figures']);
    expect(named(verification, 'figures')?.detail).toMatch(/^other ones follow from the forecasts: .*model.*naive/);
  });

  it('but figures that other sources compute otherwise are not held against the certificate', async () => {
    const { id } = await modelOf('linear');
    await tamper(walkForwardKey('IBM', id), (text) => text.replace(/"finalShrinkage":[^,]+/, '"finalShrinkage":0.5'));
    const verification = await verify('linear', undefined, { ...services, codeVersion: 'code-2' });
    expect(named(verification, 'figures')).toMatchObject({
      status: 'skipped',
      detail: 'made by other sources, code-1; these, code-2, compute otherwise: calibration',
    });
  });

  it('the rows of the data', async () => {
    const { datasetId } = await modelOf('linear');
    await tamper(datasetManifestKey('IBM', datasetId), (text) => text.replace('"Technology"', '"Banks"'));
    const verification = await verify('linear', pool);
    expect(failures(verification).map(({ name }) => name)).toEqual(['dataset of IBM', 'training']);
    expect(failures(verification)[0]?.detail).toContain('its rows have the identity');
  });

  it('a member of an ensemble that is gone', async () => {
    const { objectKey } = await modelOf('random-forest');
    await tamper(objectKey, () => undefined);
    const [failure] = failures(await verify('ensemble'));
    expect(failure?.name).toBe('model object of random-forest');
    expect(failure?.detail).toContain('is not in the object store');
  });
});

describe('where the same bytes cannot be had', () => {
  /** Trains for real, then changes what came of it, as other arithmetic would. */
  const changing = (change: (made: FittedModel) => FittedModel, backend = 'another 1.0'): TrainingPool => ({
    ...({} as TrainingPool),
    fit: async (task, options) => change(await pool.fit(task, options)),
    backend: async () => backend,
  });
  const shifted = (by: number) =>
    changing((made) => ({ ...made, object: { ...(made.object as object), intercept: interceptOf(made) + by } }));
  const interceptOf = ({ object }: FittedModel) => (object as { intercept: number }).intercept;

  it('forecasts within the tolerance will do', async () => {
    const check = named(await verify('linear', shifted(RETRAINING_TOLERANCE * 0.9)), 'training');
    expect(check).toMatchObject({ status: 'passed', detail: expect.stringContaining('within 0.01') });
    expect(check?.detail).toMatch(
      /^trained again, on another 1\.0 instead of typescript: the bytes differ .* 0\.0090 /,
    );
  });

  it('forecasts beyond it will not', async () => {
    const check = named(await verify('linear', shifted(RETRAINING_TOLERANCE * 1.1)), 'training');
    expect(check).toMatchObject({ status: 'failed', detail: expect.stringContaining('0.011 volatilities apart') });
  });

  it('a model with another seed is told apart', async () => {
    const reseeded: TrainingPool = {
      ...changing((made) => made, 'typescript'),
      fit: (task, options) => pool.fit({ ...task, seed: task.seed + 1 }, options),
    };
    for (const kind of ['random-forest', 'lstm']) {
      expect(named(await verify(kind, reseeded), 'training')).toMatchObject({ status: 'failed' });
    }
  });

  it('it is said when the sources are others', async () => {
    const other = { ...services, codeVersion: 'code-2' };
    const verification = await verify('linear', pool, other);
    expect(verification.holds).toBe(true);
    expect(named(verification, 'training')?.detail).toMatch(/^trained again, by other sources: .* same bytes$/);
  });
});
