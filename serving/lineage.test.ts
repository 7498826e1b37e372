import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent } from '../domain/bar.ts';
import { type Forecast, forecastId } from '../domain/forecast.ts';
import { adoptPool } from '../tests/support/adopted-pool.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { diffDatasets } from './dataset-diff.ts';
import { listDatasets } from './datasets.ts';
import { forecast } from './forecasting.ts';
import { lineageOf } from './lineage.ts';
import { featuresKey } from './object-keys.ts';
import { snapshotTicker } from './snapshots.ts';
import { vantageOf } from './vantages.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const OTHERS = sampleBars('AAPL').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const EARLY = BARS.slice(0, 100);
const DIVIDEND = { ticker: 'MSFT', date: '2012-08-14', kind: 'dividend', value: 0.2 } as const;
const RESTATED: Bar = { ...BARS[50]!, close: BARS[50]!.close + 0.5, volume: 2 * BARS[50]!.volume };

let on: TestServices;
let context: TestContext;
let made: Forecast;

const merge = (id: string, bars: readonly Bar[], events: readonly CorporateEvent[] = []) =>
  on.services.bars.merge(
    context,
    { id, source: `${id}.csv`, acceptedRows: bars.length, rejectedRows: 1, report: [] },
    [bars],
    events,
  );

beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T10:00:00.000Z');
  await merge('first', EARLY, [DIVIDEND]);
  context.at('2013-02-23T11:00:00.000Z');
  await merge('second', [...BARS.slice(100), RESTATED]);
  await merge('apple', OTHERS);
  context.at('2013-02-23T12:00:00.000Z');
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: ['naive', 'linear'] });
  const pool = new ThreadedTrainingPool(1);
  await adoptPool(on.services, pool, context, { tickers: ['MSFT', 'AAPL'], horizon: 10, kind: 'pooled-linear' });
  await pool.close();
  made = await forecast(on.services, context, { ticker: 'MSFT', horizon: 10, kind: 'linear' });
});
afterAll(() => on.close());

const lineage = (id: string) => lineageOf(on.services, context, id);
const newest = async (kind: string) => (await on.services.registry.newest(context, 'MSFT', 10, kind))!;
const path = (key: string) => join(on.objectsDir, context.tenant, key);

describe.sequential('the lineage of a forecast', () => {
  it('leads through model, features and dataset to the files that brought the rows, and to the code', async () => {
    const model = await newest('linear');
    const answer = await lineage(forecastId(made));
    expect(answer.missing).toEqual([]);
    expect(answer).toMatchObject({
      kind: 'forecast',
      forecast: {
        model_id: model.id,
        certificate_id: model.certificate!.id,
        as_of: '2013-02-22',
        current_price: BARS.at(-1)!.close,
        made_at: '2013-02-23T12:00:00.000Z',
        origin: { version: 1, learnt_at: '2013-02-23T11:00:00.000Z', ingest_id: 'second' },
        restated_since: 0,
      },
      certificates: [{ certificate_id: model.certificate!.id, model_id: model.id }],
      models: [
        {
          ...{ model_id: model.id, model: 'linear', seed: 7, code_version: 'code-1', code_is_current: true },
          ...{ parameters: model.parameters, window: 'all', backend: model.backend, run_id: model.runId },
          ...{ made_from: [], datasets: [model.datasetId], object_found: true, search: null },
          features: [{ dataset_id: model.datasetId, found: true }],
        },
      ],
      ingests: [
        {
          ...{ ingest_id: 'first', source: 'first.csv', learnt_at: '2013-02-23T10:00:00.000Z' },
          ...{ accepted_rows: 100, rejected_rows: 1 },
        },
        { ingest_id: 'second' },
      ],
    });
    expect(answer.datasets).toEqual([
      {
        dataset_id: model.datasetId,
        ticker: 'MSFT',
        manifest_key: `datasets/MSFT/${model.datasetId}/manifest.json`,
        taken_at: '2013-02-23T12:00:00.000Z',
        sessions: BARS.length,
        events: 1,
        first_session: BARS[0]!.date,
        last_session: '2013-02-22',
        came_from: [
          { ingest_id: 'first', rows: 100, first_session: BARS[0]!.date, last_session: EARLY.at(-1)!.date },
          {
            ...{ ingest_id: 'second', rows: BARS.length - 100 + 1 },
            ...{ first_session: RESTATED.date, last_session: '2013-02-22' },
          },
        ],
        restated: {
          n: 1,
          first: [{ date: RESTATED.date, kind: 'bar', version: 2, learnt_at: '2013-02-23T11:00:00.000Z' }],
        },
        untraced: 0,
      },
    ]);
  });

  it('begins at a model, a certificate, a promotion or a dataset as well, and names the entries that chose it', async () => {
    const naive = await newest('naive');
    const ofModel = await lineage(naive.id);
    expect(ofModel).toMatchObject({ kind: 'model', forecast: null, missing: [], models: [{ model: 'naive' }] });
    // Another certificate was written for it since it was promoted.
    const { certificateId } = (await on.services.ledger.production(context, 'MSFT', 10))!;
    expect(ofModel.certificates.map(({ certificate_id: id }) => id)).toEqual([naive.certificate!.id, certificateId]);
    expect(ofModel.promotions).toMatchObject([
      { model_id: naive.id, certificate_id: certificateId, moved_live: true, principal: 'tester' },
    ]);
    expect(await lineage(naive.certificate!.id)).toEqual({
      ...ofModel,
      id: naive.certificate!.id,
      kind: 'certificate',
    });
    const { promotion_id: promotion } = ofModel.promotions[0]!;
    const ofPromotion = await lineage(promotion);
    expect(ofPromotion).toMatchObject({ id: promotion, kind: 'promotion', missing: [], models: ofModel.models });
    expect(ofPromotion.certificates.map(({ certificate_id: id }) => id)).toContain(certificateId);
    const { datasetId } = naive;
    const ofDataset = await lineage(datasetId);
    expect(ofDataset).toMatchObject({ id: datasetId, kind: 'dataset', models: [], promotions: [], missing: [] });
    expect(ofDataset.datasets).toEqual(ofModel.datasets);
    expect(ofDataset.ingests).toEqual(ofModel.ingests);
    await expect(lineage('promotion-999999')).rejects.toMatchObject({ code: 'LINEAGE_UNKNOWN' });
  });

  it('goes on to the pooled model that was adopted, and to every dataset of its pool', async () => {
    const adopted = await newest('pooled-linear');
    const { models, datasets, ingests, missing } = await lineage(adopted.id);
    expect(missing).toEqual([]);
    expect(models.map(({ ticker, model_id: id }) => [ticker, id])).toEqual([
      ['MSFT', adopted.id],
      ['pool', adopted.madeFrom[0]],
    ]);
    expect(datasets.map(({ ticker }) => ticker).sort()).toEqual(['AAPL', 'MSFT']);
    expect(ingests.map(({ source }) => source).sort()).toEqual(['apple.csv', 'first.csv', 'second.csv']);
  });

  it('says what was restated since, and what code has changed', async () => {
    context.at('2013-02-24T12:00:00.000Z');
    await merge('third', [{ ...BARS[60]!, open: BARS[60]!.open + 1 }]);
    const answer = await lineageOf({ ...on.services, codeVersion: 'code-2' }, context, forecastId(made));
    expect(answer.forecast).toMatchObject({ restated_since: 1 });
    expect(answer.models[0]).toMatchObject({ code_version: 'code-1', code_is_current: false });
    expect(answer.missing).toEqual([]);
  });

  it('is unknown for what nothing has as its id', async () => {
    const other = forecastId({ ...made, originSession: '2013-02-21' });
    for (const id of [other, 'f'.repeat(64), 'MSFT', '']) {
      await expect(lineage(id)).rejects.toMatchObject({ code: 'LINEAGE_UNKNOWN', details: { id } });
    }
  });

  it('says every link that is missing', async () => {
    const model = await newest('linear');
    const [manifest] = (await lineage(model.id)).datasets;
    const features = featuresKey('MSFT', model.datasetId, model.featureSet, 'code-1');
    const kept = [model.objectKey, features, `certificates/${model.certificate!.id}.json`].map((key) => {
      const bytes = readFileSync(path(key));
      rmSync(path(key));
      return { key, bytes };
    });
    const lost = await lineage(forecastId(made));
    expect(lost.models[0]).toMatchObject({ object_found: false, features: [{ found: false }] });
    expect(lost.certificates).toEqual([]);
    expect(lost.missing).toHaveLength(3);
    for (const { key } of kept.slice(0, 2)) expect(lost.missing.join('\n')).toContain(key);
    expect(lost.missing.join('\n')).toContain(`There is no certificate ${model.certificate!.id}`);
    for (const { key, bytes } of kept) writeFileSync(path(key), bytes);

    const bytes = readFileSync(path(manifest!.manifest_key));
    writeFileSync(path(manifest!.manifest_key), '{');
    const without = await lineage(model.id);
    expect(without.datasets).toEqual([]);
    expect(without.missing).toEqual([expect.stringContaining(manifest!.manifest_key)]);
    expect((await listDatasets(on.services, context, 'MSFT')).datasets[0]).toMatchObject({ holds: null });
    writeFileSync(path(manifest!.manifest_key), bytes);
    expect((await lineage(model.id)).missing).toEqual([]);
  });

  it('says which rows another database no longer holds', async () => {
    const elsewhere = await openServices();
    const services = { ...on.services, lineage: elsewhere.services.lineage };
    const { datasets, missing } = await lineageOf(services, context, (await newest('naive')).id);
    await elsewhere.close();
    expect(datasets[0]).toMatchObject({ untraced: BARS.length + 1, came_from: [] });
    expect(missing).toEqual([expect.stringContaining(`${BARS.length + 1} rows of the dataset`)]);
  });
});

describe.sequential('datasets', () => {
  const diff = (from: string, to: string, limit?: number) => diffDatasets(on.services, context, [from, to], limit);

  it('of a ticker are listed newest first', async () => {
    const before = await listDatasets(on.services, context, 'MSFT');
    expect(before.datasets).toMatchObject([
      {
        dataset_id: (await newest('linear')).datasetId,
        taken_at: '2013-02-23T12:00:00.000Z',
        holds: { sessions: BARS.length, first_session: BARS[0]!.date, last_session: '2013-02-22', events: 1 },
      },
    ]);
    const { manifest } = await snapshotTicker(on.services, context, 'MSFT', vantageOf(context));
    await snapshotTicker(on.services, context, 'MSFT', vantageOf(context));
    const { datasets } = await listDatasets(on.services, context, 'MSFT');
    expect(datasets.map(({ dataset_id: id }) => id)).toEqual([manifest.id, before.datasets[0]!.dataset_id]);
    expect((await listDatasets(on.services, context, 'MSFT', { offset: 1 })).datasets).toEqual(before.datasets);
    await expect(listDatasets(on.services, context, 'ZZZZ')).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
  });

  it('differ by the sessions and events that were added, removed and changed, each value with its relative size', async () => {
    const asOf = await snapshotTicker(on.services, context, 'MSFT', {
      asOf: '2013-02-20',
      knownAt: '2013-02-23T10:30:00.000Z',
    });
    const now = await newest('linear');
    const [from, to] = [asOf.manifest.id, now.datasetId];
    const found = await diff(from.slice(0, 10), to);
    expect(found).toEqual({
      ...{ ticker: 'MSFT', from, to, identical: false, sector: null, events: { n: 0, first: [] } },
      sessions: {
        unchanged: BARS.length - 3,
        added: { n: 2, first: ['2013-02-21', '2013-02-22'] },
        removed: { n: 0, first: [] },
        changed: {
          n: 1,
          first: [
            {
              date: RESTATED.date,
              values: [
                {
                  ...{ column: 'close', from: BARS[50]!.close, to: RESTATED.close },
                  relative: RESTATED.close / BARS[50]!.close - 1,
                },
                { column: 'volume', from: BARS[50]!.volume, to: RESTATED.volume, relative: 1 },
              ],
            },
          ],
        },
      },
    });
    const reverse = await diff(to, from, 1);
    expect(reverse.sessions).toMatchObject({
      added: { n: 0 },
      removed: { n: 2, first: ['2013-02-21'] },
      changed: { first: [{ values: [{ from: RESTATED.close, to: BARS[50]!.close }, { relative: -0.5 }] }] },
    });
    expect(await diff(from, from)).toMatchObject({ identical: true, sessions: { changed: { n: 0 } } });

    context.at('2013-02-25T12:00:00.000Z');
    await merge(
      'fourth',
      [{ ...BARS[0]!, sector: 'Other', volume: 0 }],
      [
        { ...DIVIDEND, value: 0.4 },
        { ...DIVIDEND, date: '2012-11-13', kind: 'split', value: 2 },
      ],
    );
    const later = (await snapshotTicker(on.services, context, 'MSFT', vantageOf(context))).manifest.id;
    expect((await diff(to, later)).events).toEqual({
      n: 2,
      first: [
        { date: '2012-08-14', kind: 'dividend', from: 0.2, to: 0.4 },
        { date: '2012-11-13', kind: 'split', from: null, to: 2 },
      ],
    });
    const [, change] = (await diff(later, to)).sessions.changed.first[0]!.values;
    expect(change ?? (await diff(later, to)).sessions.changed.first[0]!.values[0]).toMatchObject({
      from: 0,
      relative: null,
    });
    expect((await diff(later, to)).events.first[1]).toMatchObject({ from: 2, to: null });
  });

  it('are refused a comparison when unknown, of several tickers, or named ambiguously', async () => {
    const { datasetId } = await newest('linear');
    const [apple] = (await listDatasets(on.services, context, 'AAPL')).datasets;
    await expect(diff(datasetId, apple!.dataset_id)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('of MSFT and of AAPL'),
    });
    for (const unknown of ['0'.repeat(64), 'MSFT', '____']) {
      await expect(diff(datasetId, unknown)).rejects.toMatchObject({
        code: 'DATASET_UNKNOWN',
        details: { id: unknown },
      });
    }
    await expect(diff(datasetId, datasetId.slice(0, 3))).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('at least'),
    });
    const twin = `${datasetId.slice(0, 8)}${'0'.repeat(56)}`;
    await on.services.lineage.enterDataset(context, { id: twin, ticker: 'MSFT', takenAt: '2013-01-01T00:00:00.000Z' });
    await expect(diff(datasetId.slice(0, 8), datasetId)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('several begin so'),
    });
    await expect(diff(twin, datasetId)).rejects.toMatchObject({ code: 'DATASET_GONE', details: { id: twin } });
    expect(await diff(datasetId, datasetId)).toMatchObject({ identical: true });
  });
});
