import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { type ModelMention, type ModelReferences, POOL } from '../domain/model-version.ts';
import {
  certificateKey,
  datasetBarsKey,
  datasetManifestKey,
  featuresKey,
  modelKey,
  pictureKey,
  walkForwardKey,
} from './object-keys.ts';
import { PICTURE_NAMES } from './pictures.ts';
import type { Services } from './services.ts';

/** Everything in the object store that some row points to. */
export interface References {
  /** Keys of objects; some may not be there (yet). */
  readonly keys: ReadonlySet<string>;
  /** Ids of all registered models: earlier certificates of theirs are named by no row, but are records of what was decided. */
  readonly models: ReadonlySet<string>;
}

const SHOWN = 3;

/**
 * Follows every row to the objects that it rests on: registered models with their datasets, features, walk-forward
 * forecasts, pictures and certificates, and the certificates that the ledger and the forecasts name.
 * @throws StockcastError REFERENCES_UNKNOWN when a row names a model that is not registered
 */
export async function referencedKeys(services: Services, context: Context): Promise<References> {
  // Models are registered before rows name them, so whatever is named here is found below.
  const mentions: readonly ModelMention[] = [
    ...(await services.ledger.mentions(context)),
    ...(await services.forecasts.mentions(context)),
  ];
  const keys = new Set<string>();
  const models = new Set<string>();
  const datasets = new Set<string>();
  for await (const model of services.registry.references(context)) {
    models.add(model.id);
    for (const key of keysOfModel(model)) keys.add(key);
    for (const { ticker, datasetId } of [model, ...(model.panel ?? [])]) {
      const name = [ticker, datasetId, model.featureSet, model.codeVersion].join('\n');
      if (datasets.has(name)) continue;
      datasets.add(name);
      keys.add(datasetManifestKey(ticker, datasetId));
      keys.add(datasetBarsKey(ticker, datasetId));
      keys.add(featuresKey(ticker, datasetId, model.featureSet, model.codeVersion));
    }
  }
  for (const { certificateId } of mentions) {
    if (certificateId !== undefined) keys.add(certificateKey(certificateId));
  }
  const strangers = [...new Set(mentions.map(({ modelId }) => modelId))].filter((id) => !models.has(id));
  if (strangers.length === 0) return { keys, models };
  throw new StockcastError('REFERENCES_UNKNOWN', { count: strangers.length, ids: strangers.slice(0, SHOWN) });
}

function keysOfModel({ id, ticker, panel = [], objectKey, certificate }: ModelReferences): string[] {
  // A pooled model has forecasts of every ticker that it learnt from; those of who adopted it are their own.
  const tickers = ticker === POOL ? panel.map((member) => member.ticker) : [ticker];
  return [
    objectKey,
    modelKey(ticker, id),
    ...tickers.map((each) => walkForwardKey(each, id)),
    ...PICTURE_NAMES.map((name) => pictureKey(ticker, id, name)),
    ...(certificate === undefined ? [] : [certificateKey(certificate.id)]),
  ];
}
