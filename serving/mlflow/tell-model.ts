import type { Context } from '../../domain/context.ts';
import type { ModelVersion } from '../../domain/model-version.ts';
import type { LackedModel } from '../../stores/mlflow/mlflow-backlog.ts';
import type { MlflowRun } from '../../stores/mlflow/mlflow-runs.ts';
import { readCertificate } from '../certificates.ts';
import { unlessLost } from '../lost-objects.ts';
import { PICTURE_NAMES, pictureOf } from '../pictures.ts';
import { hasSeries, readSeries } from '../walk-forward-series.ts';
import { foldMetrics, noteOf, parametersOf, summaryMetrics } from './model-story.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import { tellPipeline } from './tell-pipeline.ts';

/**
 * Tells MLflow what it lacks of a model; all of it may be told again. Objects that are lost are left out.
 * @throws StockcastError MLFLOW_UNAVAILABLE, MLFLOW_REFUSED, TEMPORAL_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export async function tellModel(
  parts: MlflowParts,
  context: Context,
  model: ModelVersion,
  told: LackedModel['told'],
): Promise<void> {
  const { services, runs, models, registry, pipelineOf } = parts;
  const place = await registry.follow(context, model);
  const run = await runs.get(place.runId);
  if (told === undefined) {
    const { runId: parent } = await tellPipeline(parts, context.tenant, model);
    const link = pipelineOf.link(model.runId) ?? undefined;
    const tags = { 'mlflow.parentRunId': parent, workflow_link: link, version: String(model.version) };
    await runs.log(run.runId, { params: parametersOf(model), tags });
    const object = await unlessLost(services.objects.get(context, model.objectKey));
    if (object !== undefined) await upload(parts, run, 'model/model.json', object, JSON_TYPE);
  }
  if (model.evaluation !== undefined && told?.startsWith('evaluated') !== true) {
    await registry.recordEvaluation(context, model.id, model.evaluation);
    await tellFigures(parts, context, { ...model, evaluation: model.evaluation }, run);
  }
  const certificate = model.certificate && (await unlessLost(readCertificate(services, context, model.certificate.id)));
  if (model.certificate !== undefined) {
    await registry.recordCertificate(context, model.id, model.certificate);
    const tags = { certificate: model.certificate.id, verdict: model.certificate.passed ? 'passed' : 'refused' };
    await runs.log(run.runId, { tags });
    await models.setTags(place, { verdict: tags.verdict });
    if (certificate !== undefined) {
      await upload(parts, run, 'certificate.json', text(JSON.stringify(certificate, undefined, 2)), JSON_TYPE);
    }
  }
  const note = noteOf(model, pipelineOf.link(model.runId), certificate);
  await runs.log(run.runId, { tags: { 'mlflow.note.content': note } });
  await models.describe(place, note);
}

async function tellFigures(
  parts: MlflowParts,
  context: Context,
  model: ModelVersion & Required<Pick<ModelVersion, 'evaluation'>>,
  run: MlflowRun,
): Promise<void> {
  const { services, runs } = parts;
  const { ticker, id, evaluation, trainedAt } = model;
  const at = Date.parse(trainedAt);
  const series = (await hasSeries(services, context, ticker, id))
    ? await unlessLost(readSeries(services, context, ticker, id))
    : undefined;
  const folds = series === undefined ? [] : foldMetrics(series, at);
  await runs.log(run.runId, { metrics: [...summaryMetrics(evaluation, at), ...folds] });
  if (series === undefined) return;
  for (const name of PICTURE_NAMES) {
    const svg = await pictureOf(services, context, id, name);
    await upload(parts, run, `pictures/${name}.svg`, text(svg), 'image/svg+xml');
  }
}

async function upload(
  { http }: MlflowParts,
  { artifactUri }: MlflowRun,
  path: string,
  bytes: Uint8Array,
  type: string,
): Promise<void> {
  await http.upload(artifactUri, path, bytes, type);
}

const JSON_TYPE = 'application/json';
const text = (content: string) => new TextEncoder().encode(content);
