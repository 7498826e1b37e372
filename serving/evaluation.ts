import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { LeakageFindings } from '../domain/gate.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { type EnsembleParameters, combineForecasts } from '../models/ensemble/ensemble.ts';
import { evaluate } from '../models/evaluation/evaluate.ts';
import { type ShrunkForecasts, shrunk } from '../models/evaluation/shrinkage.ts';
import { type LearnedKind, kindNamed } from '../models/kinds.ts';
import { type Computation, type ComputationOptions, type Resumed, withCheckpoints } from './checkpoints.ts';
import type { Services } from './services.ts';
import { readSnapshot } from './snapshots.ts';
import { type TrainingData, learningTask, registered } from './training.ts';
import type { TaskOptions, TrainingPool } from './training-pool.ts';
import { hasSeries, readSeries, storeSeries } from './walk-forward-series.ts';

/** What an evaluation brought: `reused` when it was there already. */
export interface EvaluatedModel {
  readonly reused: boolean;
  /** The fraction of the forecasts that a checkpoint saved having to compute again. */
  readonly resumedFrom?: number;
}

/**
 * Judges a registered model of one ticker by walk-forward forecasts, each fold fitted anew, and searches it for
 * leakage; keeps the forecasts as an object and the figures with the model. An evaluated model is not evaluated again
 * unless that is asked for, and forecasts that were cut short go on from where they were.
 * @throws StockcastError MODEL_MISSING, TOO_FEW_SESSIONS
 */
export async function evaluateModel(
  services: Services,
  pool: TrainingPool,
  context: Context,
  modelId: string,
  data: TrainingData & { readonly datasetKey: string },
  options: ComputationOptions & { readonly again?: boolean } = {},
): Promise<EvaluatedModel> {
  const model = await registered(services, context, modelId);
  const { ticker, horizon } = model;
  const known = options.again !== true && (await hasSeries(services, context, ticker, modelId));
  if (model.evaluation !== undefined && known) return { reused: true };
  const makeSeries = async (taskOptions: TaskOptions) => {
    const made = await seriesOf(services, pool, context, model, data, taskOptions);
    await storeSeries(services, context, modelId, made);
    return made;
  };
  const { value: series, resumedFrom }: Resumed<ShrunkForecasts> = known
    ? { value: await readSeries(services, context, ticker, modelId) }
    : await withCheckpoints(services, context, await walkOf(services, pool, model, [data]), options, makeSeries);
  const leakage = await leakageOf(services, pool, context, model, data, options);
  await services.registry.recordEvaluation(context, modelId, evaluate(series, horizon, leakage));
  return resumedFrom === undefined ? { reused: false } : { reused: false, resumedFrom };
}

/** Makes the walk-forward forecasts of a pooled model, for each ticker that it learnt from. */
export async function forecastPool(
  services: Services,
  pool: TrainingPool,
  context: Context,
  modelId: string,
  panel: readonly TrainingData[],
  options: ComputationOptions = {},
): Promise<EvaluatedModel> {
  const model = await registered(services, context, modelId);
  const known = await Promise.all(panel.map(({ ticker }) => hasSeries(services, context, ticker, modelId)));
  if (known.every(Boolean)) return { reused: true };
  const kind = kindNamed(model.kind) as LearnedKind;
  const walk = await walkOf(services, pool, model, panel);
  const { resumedFrom } = await withCheckpoints(services, context, walk, options, async (taskOptions) => {
    const task = await learningTask(services, context, kind, { ...model, panel });
    const raw = await pool.walkForward(task, taskOptions);
    for (const series of shrunk(raw, model.horizon, kind.role)) await storeSeries(services, context, modelId, series);
  });
  return resumedFrom === undefined ? { reused: false } : { reused: false, resumedFrom };
}

/** The walk-forward forecasts of a model as a computation; the code and backend are this process', not the model's. */
async function walkOf(
  { codeVersion }: Services,
  pool: TrainingPool,
  { id, ticker, kind: name }: ModelVersion,
  panel: readonly TrainingData[],
): Promise<Computation> {
  const kind = kindNamed(name);
  const backend = 'learner' in kind ? await pool.backend(kind.learner.name) : 'typescript';
  const data = panel.map(({ datasetId, featuresKey }) => ({ datasetId, featuresKey }));
  return { ticker, identity: { job: 'walk-forward', model: id, data, codeVersion, backend } };
}

async function seriesOf(
  services: Services,
  pool: TrainingPool,
  context: Context,
  model: ModelVersion,
  data: TrainingData,
  options: TaskOptions,
): Promise<ShrunkForecasts> {
  const { ticker, horizon } = model;
  const kind = kindNamed(model.kind);
  const ofSources = () => Promise.all(model.madeFrom.map((id) => readSeries(services, context, ticker, id)));
  if (!('learner' in kind)) {
    const parameters = kind.parameters(model.parameters) as EnsembleParameters;
    const { forecasts, weights } = combineForecasts(await ofSources(), horizon, parameters);
    return { ...shrunk([forecasts], horizon, kind.role)[0]!, weights };
  }
  if (kind.pooled) return (await ofSources())[0]!;
  const raw = await pool.walkForward(await learningTask(services, context, kind, { ...model, panel: [data] }), options);
  return shrunk(raw, horizon, kind.role)[0]!;
}

/** What the leakage gates find; of an ensemble, what they found about its members. */
async function leakageOf(
  services: Services,
  pool: TrainingPool,
  context: Context,
  model: ModelVersion,
  data: TrainingData & { readonly datasetKey: string },
  options: TaskOptions,
): Promise<LeakageFindings> {
  const kind = kindNamed(model.kind);
  if ('learner' in kind) {
    const task = await learningTask(services, context, kind, { ...model, panel: [data] });
    return pool.checkLeakage(task, await readSnapshot(services, context, data.datasetKey), options);
  }
  const members = await Promise.all(model.madeFrom.map((id) => registered(services, context, id)));
  const findings = members.map(({ evaluation, kind: name, horizon, ticker }) => {
    if (evaluation !== undefined) return { name, ...evaluation.leakage };
    throw new StockcastError('MODEL_MISSING', { ticker, horizon, kind: `evaluated ${name}`, how: 'evaluate it first' });
  });
  return {
    passed: findings.every(({ passed }) => passed),
    checks: findings.flatMap(({ name, checks }) =>
      checks.map((check) => ({ ...check, name: `${check.name} of ${name}` })),
    ),
  };
}
