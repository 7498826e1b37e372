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

/** Asks a model about one session of one ticker, for which everything lies ready: each call computes the answer anew. */
export type ReadyModel = () => ModelAnswer;

/** A model, or an ensemble with its members, with what it looks at. */
interface Voice {
  readonly model: ModelVersion;
  readonly members: readonly Voice[];
  /** The log return before calibration; undefined where sessions are missing. Not of ensembles. */
  readonly raw?: () => number | undefined;
}

/**
 * Reads everything that a model needs to speak of the newest session of a ticker. Its answers go through its
 * calibration: shrinkage, intervals, probabilities. A model without an evaluation is believed neither its forecast nor
 * its direction.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED, MODEL_MISSING when a member is not registered
 */
export async function readyModel(
  services: Services,
  context: Context,
  model: ModelVersion,
  features: FeatureMatrix,
): Promise<ReadyModel> {
  const volatility = forecastVolatility(features.adjustedClose, model.horizon).at(-1)!;
  const voice = await voiceOf(services, context, model, features, volatility);
  return () => answerOf(voice, volatility).answer;
}

interface Spoken {
  readonly raw: number | undefined;
  readonly answer: ModelAnswer;
}

function answerOf({ model, members, raw: ask }: Voice, volatility: number): Spoken {
  const { evaluation, kind } = model;
  const spoken = members.map((member) => answerOf(member, volatility));
  const raw = ask === undefined ? weightedRaw(model, spoken) : ask();
  return { raw, answer: calibrated(evaluation, raw, kind, volatility, spoken) };
}

function calibrated(
  evaluation: ModelVersion['evaluation'],
  raw: number | undefined,
  kind: string,
  volatility: number,
  members: readonly Spoken[],
): ModelAnswer {
  if (evaluation === undefined) {
    const notes = ['This model has not been evaluated yet.'];
    return { logReturn: raw ?? 0, intervals: [], confidence: 0.5, directionProbability: 0.5, notes };
  }
  const { shrinkage, intervals, direction } = evaluation.calibration;
  const logReturn = (raw ?? 0) * shrinkage;
  const directionProbability = directionProbabilityAround(logReturn, volatility, direction);
  const confidence =
    members.length === 0 ? directionProbability : Math.min(...members.map(({ answer }) => answer.confidence));
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

function weightedRaw(model: ModelVersion, members: readonly Spoken[]) {
  const raws = members.map(({ raw }) => raw);
  const weights = model.evaluation?.calibration.weights;
  if (weights === undefined || raws.some((raw) => raw === undefined)) return undefined;
  return weighted(weights, raws as number[]);
}

async function voiceOf(
  services: Services,
  context: Context,
  model: ModelVersion,
  features: FeatureMatrix,
  volatility: number,
): Promise<Voice> {
  const kind = kindNamed(model.kind);
  if (!('learner' in kind)) {
    const members = await Promise.all(
      model.madeFrom.map(async (id) =>
        voiceOf(services, context, await registered(services, context, id), features, volatility),
      ),
    );
    return { model, members };
  }
  const { learner } = kind;
  const input = newestInput(features, learner.lookback?.(learner.parameters(model.parameters)) ?? 1);
  if (input === undefined) return { model, members: [], raw: () => undefined };
  const loaded = await loadModel(services, context, model, kind);
  const scale = isScaled(learner, model) ? volatility : 1;
  return { model, members: [], raw: () => loaded.predict(input)[0]! * scale };
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
