import type { CertificateCheck, Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { type Json, canonicalJson, sha256Hex } from '../domain/identity.ts';
import type { ModelIdentity, PanelMember } from '../domain/model-version.ts';
import { forecastDistance } from '../models/evaluation/forecast-distance.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { FEATURE_SET } from '../models/features/feature-matrix.ts';
import { type LearnedKind, kindNamed } from '../models/kinds.ts';
import { adjusted } from './histories.ts';
import { datasetManifestKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { readSnapshot } from './snapshots.ts';
import type { TaskOptions, TrainingPool } from './training-pool.ts';

/**
 * How far, root mean square over all rows, the forecasts of a model that was trained again may lie from those of the
 * stored one where the bytes differ: in forecast volatilities, so that errors of forecasts are about 1.
 */
export const RETRAINING_TOLERANCE = 0.01;

/** A certified model, the datasets that it learnt from, and where it is stored. */
export interface CertifiedModel {
  readonly certificate: Certificate;
  readonly panel: readonly PanelMember[];
  readonly objectKey: string;
}

/**
 * Trains a model again from the snapshots of its data: the same machine, backend and sources give the bytes that were
 * certified; others must give the forecasts of the stored model within `RETRAINING_TOLERANCE`.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED, TOO_FEW_SESSIONS
 */
export async function trainAgain(
  services: Services,
  context: Context,
  pool: TrainingPool,
  { certificate, panel, objectKey }: CertifiedModel,
  options: TaskOptions,
): Promise<Omit<CertificateCheck, 'name'>> {
  const { model, nTrainingRows, modelHash } = certificate;
  const { horizon, window, scaleTargets, embargo, seed, featureSet } = model;
  const { learner } = kindNamed(model.kind) as LearnedKind;
  if (featureSet !== FEATURE_SET) {
    return { status: 'skipped', detail: `its features are ${featureSet}, these sources compute ${FEATURE_SET}` };
  }
  const features = await Promise.all(
    panel.map(async ({ ticker, datasetId }) =>
      buildFeatures(adjusted(await readSnapshot(services, context, datasetManifestKey(ticker, datasetId)))),
    ),
  );
  const parameters = learner.parameters(model.parameters);
  const how = { learner: learner.name, horizon, window, scaleTargets, embargo, seed, parameters };
  const made = await pool.fit({ ...how, panel: features }, options);
  const here = inWords(model, await pool.backend(learner.name), services.codeVersion);
  if (made.nTrainingRows !== nTrainingRows) {
    return { status: 'failed', detail: `${here} it learns from ${made.nTrainingRows} rows, not ${nTrainingRows}` };
  }
  if (sha256Hex(canonicalJson(made.object)) === modelHash) {
    return { status: 'passed', detail: `${here} ${nTrainingRows} rows give the same bytes` };
  }
  const stored = learner.fromObject(await readObject(services, context, objectKey));
  const models = [stored, learner.fromObject(made.object)] as const;
  const distance = forecastDistance(learner, models, features, horizon, { parameters, scaleTargets });
  const detail = `${here} the bytes differ and the forecasts lie ${distance.toPrecision(2)} volatilities apart`;
  return distance <= RETRAINING_TOLERANCE
    ? { status: 'passed', detail: `${detail}, within ${RETRAINING_TOLERANCE}` }
    : { status: 'failed', detail: `${detail}, more than ${RETRAINING_TOLERANCE}` };
}

async function readObject(services: Services, context: Context, key: string): Promise<Json> {
  const text = new TextDecoder().decode(await services.objects.get(context, key));
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new StockcastError('OBJECT_DAMAGED', { key, problem: 'not JSON' }, { cause });
  }
}

/** That the model was trained again, and what is another now than it was then. */
function inWords(model: ModelIdentity, backend: string, codeVersion: string): string {
  const others = [
    ...(backend === model.backend ? [] : [`on ${backend} instead of ${model.backend}`]),
    ...(codeVersion === model.codeVersion ? [] : ['by other sources']),
  ];
  return `trained again${others.length === 0 ? '' : `, ${others.join(' and ')}`}:`;
}
