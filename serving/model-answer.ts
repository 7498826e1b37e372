import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Json } from '../domain/identity.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { weighted } from '../models/ensemble/ensemble.ts';
import { newestInput } from '../models/evaluation/learning-rows.ts';
import { isScaled } from '../models/evaluation/raw-forecasts.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';
import { intervalNote, intervalsAround } from '../models/intervals/conformal.ts';
import { directionProbabilityAround } from '../models/intervals/direction-probability.ts';
import { forecastVolatility } from '../models/intervals/volatility.ts';
import { type LearnedKind, kindNamed } from '../models/kinds.ts';
import type { Model } from '../models/model.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';

/** What a model says of the sessions after the newest one. */
export type ModelAnswer = Pick<Forecast, 'logReturn' | 'intervals' | 'confidence' | 'directionProbability' | 'notes'>;

/**
 * Asks a model about the newest session of a ticker, and puts its answer through the model's calibration: shrinkage,
 * intervals, probabilities. A model without an evaluation is believed neither its forecast nor its direction.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function answerOf(
  services: Services,
  context: Context,
  model: ModelVersion,
  features: FeatureMatrix,
): Promise<ModelAnswer> {
  const { horizon, evaluation, kind } = model;
  const volatility = forecastVolatility(features.adjustedClose, horizon).at(-1)!;
  const raw = await rawAnswer(services, context, model, features, volatility);
  if (evaluation === undefined) {
    const notes = ['This model has not been evaluated yet.'];
    return { logReturn: raw ?? 0, intervals: [], confidence: 0.5, directionProbability: 0.5, notes };
  }
  const { shrinkage, intervals, direction } = evaluation.calibration;
  const logReturn = (raw ?? 0) * shrinkage;
  const directionProbability = directionProbabilityAround(logReturn, volatility, direction);
  const ofMembers = 'learner' in kindNamed(kind) ? [] : await memberAnswers(services, context, model, features);
  const confidence =
    ofMembers.length === 0 ? directionProbability : Math.min(...ofMembers.map((member) => member.confidence));
  const notes = [intervalNote(intervals), raw === undefined ? gapNote(kind) : undefined].filter(
    (note) => note !== undefined,
  );
  return {
    logReturn,
    intervals: intervalsAround(logReturn, volatility, intervals),
    confidence,
    directionProbability,
    notes,
  };
}

function gapNote(kind: string): string {
  return `Sessions are missing among those that ${kind} looks back on, so it forecasts no change.`;
}

async function memberAnswers(services: Services, context: Context, model: ModelVersion, features: FeatureMatrix) {
  const members = await Promise.all(model.madeFrom.map((id) => registered(services, context, id)));
  return Promise.all(members.map((member) => answerOf(services, context, member, features)));
}

/** The log return before calibration; undefined where the model has no answer because sessions are missing. */
async function rawAnswer(
  services: Services,
  context: Context,
  model: ModelVersion,
  features: FeatureMatrix,
  volatility: number,
): Promise<number | undefined> {
  const kind = kindNamed(model.kind);
  if (!('learner' in kind)) {
    const members = await Promise.all(model.madeFrom.map((id) => registered(services, context, id)));
    const raws = await Promise.all(members.map((member) => rawAnswer(services, context, member, features, volatility)));
    const weights = model.evaluation?.calibration.weights;
    if (weights === undefined || raws.some((raw) => raw === undefined)) return undefined;
    return weighted(weights, raws as number[]);
  }
  const { learner } = kind;
  const input = newestInput(features, learner.lookback?.(learner.parameters(model.parameters)) ?? 1);
  if (input === undefined) return undefined;
  const [answer] = (await loadModel(services, context, model, kind)).predict(input);
  return isScaled(learner, model) ? answer! * volatility : answer!;
}

/** The model as it computes, from memory or from the object store. @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED */
export async function loadModel(
  services: Services,
  context: Context,
  model: ModelVersion,
  { learner }: LearnedKind,
): Promise<Model> {
  const { objectKey } = model;
  const about = { tenant: context.tenant, model, at: () => context.clock.now().toISOString() };
  return services.loaded.get(`${context.tenant}/${objectKey}`, about, async () => {
    const bytes = await services.objects.get(context, objectKey);
    let object: unknown;
    try {
      object = JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new StockcastError('OBJECT_DAMAGED', { key: objectKey, problem: 'not JSON' }, { cause });
    }
    return { model: learner.fromObject(object as Json), bytes: bytes.length };
  });
}
