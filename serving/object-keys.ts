import { sha256Hex } from '../domain/identity.ts';

/** Where objects lie in the object store. A ticker's `^` and `=` are not safe in every store's keys. */
const safe = (ticker: string) => encodeURIComponent(ticker);

/** How keys begin: a kind of object each. What a later version adds besides is left alone when garbage is collected. */
export const OBJECT_KINDS = [
  'certificates',
  'checkpoints',
  'datasets',
  'features',
  'models',
  'pictures',
  'walk-forward',
] as const;

/** The Parquet file with the bars of a dataset. */
export function datasetBarsKey(ticker: string, datasetId: string): string {
  return `datasets/${safe(ticker)}/${datasetId}/bars.parquet`;
}

/** The manifest of a snapshot. */
export function datasetManifestKey(ticker: string, datasetId: string): string {
  return `datasets/${safe(ticker)}/${datasetId}/manifest.json`;
}

/** The Parquet file with the features of a dataset, by feature set and by the code that computed them. */
export function featuresKey(ticker: string, datasetId: string, featureSet: string, codeVersion: string): string {
  return `features/${safe(ticker)}/${featureSet}/${sha256Hex(`${datasetId}/${codeVersion}`)}.parquet`;
}

/** The JSON object of a fitted model. */
export function modelKey(ticker: string, modelId: string): string {
  return `models/${safe(ticker)}/${modelId}.json`;
}

/** The JSON document with a model's walk-forward forecasts of a ticker. */
export function walkForwardKey(ticker: string, modelId: string): string {
  return `walk-forward/${safe(ticker)}/${modelId}.json`;
}

/** The certificate with this hash. */
export function certificateKey(certificateId: string): string {
  return `certificates/${certificateId}.json`;
}

/** The newest checkpoint of a computation, by the hash of all that decides it. */
export function checkpointKey(ticker: string, computationId: string): string {
  return `checkpoints/${safe(ticker)}/${computationId}`;
}

/** A picture of a model's evaluation. */
export function pictureKey(ticker: string, modelId: string, name: string): string {
  return `pictures/${safe(ticker)}/${modelId}/${DRAWING}/${name}.svg`;
}

/** Another number makes all pictures be drawn again: for another way of drawing them. */
const DRAWING = 1;
