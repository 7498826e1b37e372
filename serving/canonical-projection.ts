import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Json } from '../domain/identity.ts';
import { type ModelIdentity, type ModelVersion, POOL, type Promotion, identityOf } from '../domain/model-version.ts';
import { readCertificate } from './certificates.ts';
import { listTickers } from './histories.ts';
import type { Services } from './services.ts';

/** Everything that runs produced, by names that hold neither an id nor a time; ascending by name. */
export type CanonicalProjection = Readonly<Record<string, Json>>;

/** More forecasts of one ticker and horizon than any installation holds. */
const ALL = 1_000_000;

/**
 * Says what the runs of a tenant brought: datasets, models with their figures, certificates, promotions, forecasts and
 * trials, each under a name such as `AAPL/model/10/linear@1`. Ids, times and places are left out or replaced by such
 * names, numbers are as they are; so two installations that did the same work on the same prices, whatever they are made
 * of, have equal projections. Hashes of content (rows, model bytes, walk-forward forecasts) stay.
 * @throws StockcastError OBJECT_DAMAGED, CERTIFICATE_UNKNOWN when a certificate is lost
 */
export async function canonicalProjection(services: Services, context: Context): Promise<CanonicalProjection> {
  const entries = new Map<string, Json | object>();
  const tickers = await listTickers(services, context);
  const histories = await Promise.all(tickers.map(({ ticker }) => services.ledger.history(context, ticker)));
  const horizons = [...new Set(histories.flat().map(({ horizon }) => horizon))].sort((a, b) => a - b);
  const models = await modelsOf(services, context, [...tickers.map(({ ticker }) => ticker), POOL], horizons);
  const nameOf = (modelId: string) => models.get(modelId)?.name ?? 'a model that is not registered';

  for (const { ticker, ...held } of tickers) entries.set(`${ticker}/bars`, held);
  for (const { name, model } of models.values()) {
    const { version, asOf, nTrainingRows, evaluation, certificate } = model;
    const found = { version, asOf, nTrainingRows, evaluation, passed: certificate?.passed };
    entries.set(name, { ...namedIdentity(model, nameOf), ...found });
    if (certificate === undefined) continue;
    const body = await readCertificate(services, context, certificate.id);
    entries.set(name.replace('/model/', '/certificate/'), namedCertificate(body, nameOf));
  }
  for (const promotions of histories) {
    const count = new Map<number, number>();
    for (const promotion of [...promotions].reverse()) {
      const number = (count.get(promotion.horizon) ?? 0) + 1;
      count.set(promotion.horizon, number);
      const name = `${promotion.ticker}/promotion/${promotion.horizon}/${String(number).padStart(4, '0')}`;
      entries.set(name, namedPromotion(promotion, nameOf));
    }
  }
  for (const { ticker } of tickers) {
    for (const horizon of horizons) {
      const forecasts = await services.forecasts.ofTicker(context, ticker, { horizon, limit: ALL });
      for (const forecast of forecasts) {
        const by = nameOf(forecast.modelId).replace('/model/', '/forecast/');
        entries.set(`${by}/${forecast.originSession}`, namedForecast(forecast));
      }
    }
    for (const { horizon, kind, number, parameters, seed, until, status, loss } of await services.trials.newest(
      context,
      ticker,
    )) {
      const name = `${ticker}/trial/${horizon}/${kind}/${String(number).padStart(4, '0')}`;
      entries.set(name, { parameters, seed, until, status, loss });
    }
  }
  const names = [...entries.keys()].sort();
  // Through JSON, so that absent fields are absent, wherever the projection came from.
  return JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, entries.get(name)]))));
}

interface NamedModel {
  readonly name: string;
  readonly model: ModelVersion;
}

async function modelsOf(
  services: Services,
  context: Context,
  tickers: readonly string[],
  horizons: readonly number[],
): Promise<Map<string, NamedModel>> {
  const models = new Map<string, NamedModel>();
  for (const ticker of tickers) {
    for (const horizon of horizons) {
      for (const { id } of await services.registry.standings(context, ticker, horizon)) {
        const model = await services.registry.find(context, id);
        if (model !== undefined)
          models.set(id, { name: `${ticker}/model/${horizon}/${model.kind}@${model.version}`, model });
      }
    }
  }
  return models;
}

type NameOf = (modelId: string) => string;

function namedIdentity(model: ModelIdentity, nameOf: NameOf) {
  const { datasetId, panel, madeFrom, ...rest } = identityOf(model);
  return {
    ...rest,
    rowsHash: datasetId,
    panel: panel?.map((member) => ({ ticker: member.ticker, rowsHash: member.datasetId })),
    madeFrom: madeFrom.map(nameOf),
  };
}

function namedCertificate({ modelId, model, champion, verdict, ...body }: Certificate, nameOf: NameOf) {
  const { modelId: _, ...judged } = verdict;
  return {
    ...body,
    certifies: nameOf(modelId),
    model: namedIdentity(model, nameOf),
    champion: champion && nameOf(champion.modelId),
    verdict: judged,
  };
}

function namedPromotion(promotion: Promotion, nameOf: NameOf) {
  const { asOf, kind, modelId, previousModelId, certificateId, reasons, live, movedLive, isRollback } = promotion;
  const previous = previousModelId === undefined ? undefined : nameOf(previousModelId);
  const certified = certificateId !== undefined;
  return { asOf, kind, model: nameOf(modelId), previous, certified, reasons, live, movedLive, isRollback };
}

function namedForecast(forecast: Forecast) {
  const { modelId: _, certificateId, madeAt: __, ...said } = forecast;
  return { ...said, certified: certificateId !== undefined };
}
