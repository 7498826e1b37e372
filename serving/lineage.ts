import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  type Forecast,
  forecastId,
  isPast,
  isPastForecastId,
  parseForecastId,
  pastForecastId,
  priceTarget,
} from '../domain/forecast.ts';
import {
  type ModelVersion,
  POOL,
  type PanelMember,
  type Promotion,
  parsePromotionId,
  promotionId,
} from '../domain/model-version.ts';
import type { RowVersion } from '../stores/lineage/lineage-store.ts';
import { readCertificate } from './certificates.ts';
import { datasetLineage } from './dataset-lineage.ts';
import type { ForecastNode, LineageAnswer, ModelNode, PromotionNode } from './lineage-answer.ts';
import { featuresKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { datasetsOf, panelOf } from './verify-certificate.ts';

/** Where a chain begins. */
interface Start {
  readonly kind: LineageAnswer['kind'];
  readonly forecast?: Forecast;
  readonly modelId?: string;
  readonly certificateIds: readonly string[];
  readonly dataset?: PanelMember;
}

/**
 * Follows a forecast, a promotion, a model, a certificate or a dataset back to all that it was made from: certificate, models, features,
 * datasets, the files that their rows came from, and the code. What cannot be found is said, not left out.
 * @throws StockcastError LINEAGE_UNKNOWN
 */
export async function lineageOf(services: Services, context: Context, id: string): Promise<LineageAnswer> {
  const start = await startOf(services, context, id);
  const missing: string[] = [];
  const models = start.modelId === undefined ? [] : await modelsBehind(services, context, start.modelId, missing);
  const [model] = models;
  const entries = await promotionsOf(services, context, model);
  const certificateIds = new Set(start.certificateIds);
  for (const { certificate } of models) if (certificate !== undefined) certificateIds.add(certificate.id);
  for (const { certificateId } of entries) if (certificateId !== undefined) certificateIds.add(certificateId);
  const certificates: LineageAnswer['certificates'][number][] = [];
  for (const certificateId of certificateIds) {
    const certificate = await certificateIfWhole(services, context, certificateId, missing);
    if (certificate === undefined) continue;
    const { passed, stage, reasons } = certificate.verdict;
    certificates.push({ certificate_id: certificateId, model_id: certificate.modelId, passed, stage, reasons });
  }
  const members = new Map(models.flatMap((each) => learntFrom(each).map((member) => [keyOf(member), member] as const)));
  if (start.dataset !== undefined) members.set(keyOf(start.dataset), start.dataset);
  const datasets: LineageAnswer['datasets'][number][] = [];
  for (const member of members.values()) {
    const { node, missing: lost } = await datasetLineage(services, context, member);
    if (node !== undefined) datasets.push(node);
    missing.push(...lost);
  }
  const forecast = start.forecast && (await forecastNode(services, context, start.forecast, missing));
  const ingestIds = new Set(datasets.flatMap(({ came_from: from }) => from.map(({ ingest_id: ingest }) => ingest)));
  if (forecast?.origin) ingestIds.add(forecast.origin.ingest_id);
  const ingests = await services.lineage.ingests(context, [...ingestIds]);
  for (const { id: known } of ingests) ingestIds.delete(known);
  for (const unknown of ingestIds)
    missing.push(`No record of the file ${unknown}, which rows name as theirs, is held.`);
  const nodes = await Promise.all(models.map((each) => modelNode(services, context, each)));
  missing.push(...nodes.flatMap(lostObjects));
  return {
    id,
    kind: start.kind,
    forecast: forecast ?? null,
    certificates,
    promotions: entries.map(promotionNode),
    models: nodes,
    datasets,
    ingests: ingests.map(({ id: ingest, source, learntAt, acceptedRows, rejectedRows }) => ({
      ingest_id: ingest,
      source,
      learnt_at: learntAt,
      accepted_rows: acceptedRows,
      rejected_rows: rejectedRows,
    })),
    missing,
  };
}

async function startOf(services: Services, context: Context, id: string): Promise<Start> {
  const forecast = await forecastNamed(services, context, id);
  if (forecast !== undefined) {
    const { modelId, certificateId } = forecast;
    return { kind: 'forecast', forecast, modelId, certificateIds: certificateId === undefined ? [] : [certificateId] };
  }
  const entry = parsePromotionId(id);
  const promotion = entry === undefined ? undefined : await services.ledger.entry(context, entry);
  if (promotion !== undefined) {
    const { modelId, certificateId } = promotion;
    return { kind: 'promotion', modelId, certificateIds: certificateId === undefined ? [] : [certificateId] };
  }
  if (/^[0-9a-f]{64}$/.test(id)) {
    if ((await services.registry.find(context, id)) !== undefined)
      return { kind: 'model', modelId: id, certificateIds: [] };
    const certificate = await readCertificate(services, context, id).catch(undefinedIfUnknown);
    if (certificate !== undefined) return { kind: 'certificate', modelId: certificate.modelId, certificateIds: [id] };
    const [dataset] = await services.lineage.datasetsBeginning(context, id, 1);
    if (dataset !== undefined) {
      return { kind: 'dataset', certificateIds: [], dataset: { ticker: dataset.ticker, datasetId: id } };
    }
  }
  throw new StockcastError('LINEAGE_UNKNOWN', { id });
}

async function forecastNamed(services: Services, context: Context, id: string): Promise<Forecast | undefined> {
  if (isPastForecastId(id)) return services.forecasts.findPast(context, id);
  const name = parseForecastId(id);
  return name && (await services.forecasts.named(context, name));
}

function undefinedIfUnknown(error: unknown): undefined {
  if (!(error instanceof StockcastError) || error.code !== 'CERTIFICATE_UNKNOWN') throw error;
}

/** The model and all that it was made from, each once, in the order in which they are come upon. */
async function modelsBehind(
  services: Services,
  context: Context,
  modelId: string,
  missing: string[],
): Promise<ModelVersion[]> {
  const models: ModelVersion[] = [];
  const queue = [modelId];
  for (const id of queue) {
    const model = await services.registry.find(context, id);
    if (model === undefined) {
      missing.push(`The model ${id} is not registered.`);
      continue;
    }
    models.push(model);
    for (const from of model.madeFrom) if (!queue.includes(from)) queue.push(from);
  }
  return models;
}

async function promotionsOf(services: Services, context: Context, model: ModelVersion | undefined) {
  if (model === undefined) return [];
  const entries = await services.ledger.history(context, model.ticker);
  return entries.filter(({ modelId, horizon }) => modelId === model.id && horizon === model.horizon);
}

async function certificateIfWhole(services: Services, context: Context, id: string, missing: string[]) {
  try {
    return await readCertificate(services, context, id);
  } catch (error) {
    if (!(error instanceof StockcastError) || error.retryable) throw error;
    missing.push(error.message);
    return undefined;
  }
}

/** The datasets whose rows a model learnt from; a pooled one's own is but the name of its panel. */
function learntFrom(model: ModelVersion): readonly PanelMember[] {
  return model.ticker === POOL ? panelOf(model) : datasetsOf(model);
}

function keyOf({ ticker, datasetId }: PanelMember): string {
  return `${ticker}/${datasetId}`;
}

async function modelNode(services: Services, context: Context, model: ModelVersion): Promise<ModelNode> {
  const { featureSet, codeVersion, search } = model;
  const features = await Promise.all(
    panelOf(model).map(async ({ ticker, datasetId }) => {
      const key = featuresKey(ticker, datasetId, featureSet, codeVersion);
      return { dataset_id: datasetId, key, found: await services.objects.exists(context, key) };
    }),
  );
  return {
    model_id: model.id,
    ticker: model.ticker,
    horizon: model.horizon,
    model: model.kind,
    model_version: model.version,
    as_of: model.asOf,
    trained_at: model.trainedAt,
    run_id: model.runId,
    certificate_id: model.certificate?.id ?? null,
    made_from: model.madeFrom,
    feature_set: featureSet,
    features,
    datasets: learntFrom(model).map(({ datasetId }) => datasetId),
    window: model.window,
    scale_targets: model.scaleTargets,
    embargo: model.embargo,
    parameters: model.parameters,
    seed: model.seed,
    search: search === undefined ? null : { trials: search.trials, seed: search.seed, until: search.until },
    n_training_rows: model.nTrainingRows,
    code_version: codeVersion,
    code_is_current: codeVersion === services.codeVersion,
    backend: model.backend,
    object_key: model.objectKey,
    object_found: await services.objects.exists(context, model.objectKey),
  };
}

function lostObjects({ model, model_id: id, object_key: key, object_found: found, features }: ModelNode): string[] {
  return [
    ...(found ? [] : [`The object ${key} of ${model} ${id} is missing.`]),
    ...features.flatMap((each) => (each.found ? [] : [`The features ${each.key} of ${model} ${id} are missing.`])),
  ];
}

function promotionNode(entry: Promotion): PromotionNode {
  return {
    promotion_id: promotionId(entry),
    model_id: entry.modelId,
    certificate_id: entry.certificateId ?? null,
    as_of: entry.asOf,
    at: entry.at,
    live: entry.live,
    moved_live: entry.movedLive,
    rollback: entry.isRollback === true,
    principal: entry.principal,
    reasons: entry.reasons,
    run_id: entry.runId,
  };
}

/** The place of the close among the values of a bar. */
const CLOSE = 3;

async function forecastNode(
  services: Services,
  context: Context,
  forecast: Forecast,
  missing: string[],
): Promise<ForecastNode> {
  const { ticker, originSession, modelId } = forecast;
  const knownAt = isPast(forecast) ? forecast.vantage.knownAt : forecast.madeAt;
  const versions = await services.lineage.versions(context, ticker);
  // A forecast as of a date may have been made from an earlier version than the newest of that time.
  const origin = versions.findLast(
    (each) =>
      each.kind === 'bar' &&
      each.date === originSession &&
      each.values[CLOSE] === forecast.currentPrice &&
      wasKnown(each, knownAt),
  );
  if (origin === undefined) {
    missing.push(
      `The bar of ${ticker} of ${originSession} with the close ${forecast.currentPrice} is not held any more.`,
    );
  }
  const restated = versions.filter((each) => each.date <= originSession && !wasKnown(each, knownAt));
  return {
    forecast_id: isPast(forecast) ? pastForecastId(forecast) : forecastId(forecast),
    ticker,
    horizon: forecast.horizon,
    as_of: originSession,
    as_known_on: isPast(forecast) ? forecast.vantage.asOf : null,
    target_date: forecast.targetSession,
    current_price: forecast.currentPrice,
    price_target: priceTarget(forecast.currentPrice, forecast.logReturn),
    made_at: forecast.madeAt,
    model_id: modelId,
    certificate_id: forecast.certificateId ?? null,
    origin:
      origin === undefined ? null : { version: origin.version, learnt_at: origin.learntAt, ingest_id: origin.ingestId },
    restated_since: restated.length,
  };
}

// A first version counts as known from its session's close, whenever it was taken in.
function wasKnown({ version, learntAt }: RowVersion, knownAt: string): boolean {
  return version === 1 || learntAt <= knownAt;
}
