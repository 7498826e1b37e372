import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { pictureKey } from './object-keys.ts';
import { errorPicture } from './pictures/error-picture.ts';
import { forecastPicture } from './pictures/forecast-picture.ts';
import { reliabilityPicture } from './pictures/reliability-picture.ts';
import type { Subject } from './pictures/subject.ts';
import type { Services } from './services.ts';
import { readSeries } from './walk-forward-series.ts';

const PICTURES = { forecast: forecastPicture, reliability: reliabilityPicture, error: errorPicture } as const;

/** A picture of an evaluation: the newest forecasts and what came, promises and what held, errors over time. */
export type PictureName = keyof typeof PICTURES;

/** All of them. */
export const PICTURE_NAMES = Object.keys(PICTURES) as readonly PictureName[];

/**
 * Draws the pictures of evaluated models that are not drawn yet and puts them into the object store as SVG.
 * @throws StockcastError MODEL_UNKNOWN, OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function drawPictures(services: Services, context: Context, modelIds: readonly string[]): Promise<void> {
  for (const modelId of modelIds) {
    const model = await evaluatedModel(services, context, modelId);
    const keys = PICTURE_NAMES.map((name) => pictureKey(model.ticker, modelId, name));
    const drawn = await Promise.all(keys.map((key) => services.objects.exists(context, key)));
    if (!drawn.every(Boolean)) await draw(services, context, model);
  }
}

/**
 * One picture of an evaluated model, as SVG; drawn now, and kept, where no run has done so.
 * @throws StockcastError MODEL_UNKNOWN when there is no such model or it was not evaluated, REQUEST_INVALID when there
 *   is no such picture, OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function pictureOf(services: Services, context: Context, modelId: string, name: string): Promise<string> {
  if (!Object.hasOwn(PICTURES, name)) {
    const problem = `there is no picture "${name}"; possible: ${PICTURE_NAMES.join(', ')}`;
    throw new StockcastError('REQUEST_INVALID', { field: 'name', problem });
  }
  const model = await evaluatedModel(services, context, modelId);
  const key = pictureKey(model.ticker, modelId, name);
  if (await services.objects.exists(context, key)) {
    return new TextDecoder().decode(await services.objects.get(context, key));
  }
  return (await draw(services, context, model))[name as PictureName];
}

async function draw(
  services: Services,
  context: Context,
  model: EvaluatedModel,
): Promise<Readonly<Record<PictureName, string>>> {
  const { ticker, id, evaluation } = model;
  const subject: Subject = { model, evaluation, series: await readSeries(services, context, ticker, id) };
  const drawn = PICTURE_NAMES.map((name) => [name, PICTURES[name](subject)] as const);
  for (const [name, svg] of drawn) {
    await services.objects.put(context, pictureKey(ticker, id, name), new TextEncoder().encode(svg));
  }
  return Object.fromEntries(drawn) as Record<PictureName, string>;
}

type EvaluatedModel = ModelVersion & { readonly evaluation: Evaluation };

async function evaluatedModel(services: Services, context: Context, modelId: string): Promise<EvaluatedModel> {
  const model = await services.registry.find(context, modelId);
  if (model?.evaluation !== undefined) return { ...model, evaluation: model.evaluation };
  throw new StockcastError('MODEL_UNKNOWN', { id: modelId });
}
