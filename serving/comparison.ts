import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Stage } from '../domain/gate.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ModelVersion, stageOf } from '../domain/model-version.ts';
import type { ModelStanding } from '../stores/registry/model-registry.ts';
import { readCertificate } from './certificates.ts';
import { type ComparisonMetrics, metricsOf, onSameDays } from './comparison-metrics.ts';
import { type Downloadable, downloadLink } from './download-links.ts';
import { forecastWith, missingModel } from './forecasting.ts';
import { tickersOnce } from './histories.ts';
import { certificateKey, datasetBarsKey, pictureKey } from './object-keys.ts';
import { PICTURE_NAMES } from './pictures.ts';
import { FALLBACK_KIND } from './planning.ts';
import { type PredictionAnswer, predictionAnswer } from './prediction-answer.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** Most versions that one answer holds, and how many it does when nobody says. */
export const MOST_COMPARED = 1000;
export const COMPARED = 20;

/** Which versions to compare: `limit` of those of a ticker and horizon, from the `offset`-th of their ranking. */
export interface ComparisonRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly limit?: number;
  readonly offset?: number;
}

/** One model version beside the others; the link is to its model object. */
export interface ComparedModel extends Downloadable {
  readonly model: string;
  readonly model_version: number;
  readonly model_id: string;
  readonly stage: Stage;
  readonly as_of: string;
  readonly trained_at: string;
  readonly n_training_rows: number;
  /** What it learnt from; the link is to the bars, as Parquet. */
  readonly dataset: { readonly id: string } & Downloadable;
  /** Null when it was not evaluated. */
  readonly metrics: ComparisonMetrics | null;
  /** Its newest certificate and whether it passed the gate; null when it has none. */
  readonly certificate:
    | ({ readonly id: string; readonly passed: boolean; readonly reasons: readonly string[] } & Downloadable)
    | null;
  /** What it says of the newest session; null for a version that its kind's newest has superseded. */
  readonly prediction: PredictionAnswer | null;
  /** Its pictures, and where the API gives them. */
  readonly pictures: readonly ({ readonly name: string; readonly path: string } & Downloadable)[];
  /** What a reader must know: short history, few folds, a certificate or model that is lost. */
  readonly notes: readonly string[];
}

/** All model versions of a ticker and horizon side by side, as the API and the CLI give them. */
export interface Comparison {
  readonly ticker: string;
  readonly horizon: Horizon;
  /** Kind of the model that serves, and why it does. */
  readonly promoted: string | null;
  readonly reasons: readonly string[];
  /** How many versions there are. */
  readonly total: number;
  readonly offset: number;
  /** Where the next page begins; null on the last. */
  readonly next_offset: number | null;
  /** What serves first, then what passed the gate, then the rest; within a stage by RMSE over naive's. */
  readonly models: readonly ComparedModel[];
}

const RANK: Readonly<Record<Stage, number>> = { production: 0, staging: 1, development: 2 };

/**
 * Compares all model versions of a ticker and horizon. The newest version of each kind, and what serves, forecasts the
 * newest session too, once for all who ask.
 * @throws StockcastError TICKER_UNKNOWN, MODEL_MISSING when none was trained
 */
export async function compareModels(
  services: Services,
  context: Context,
  { ticker, horizon, limit = COMPARED, offset = 0 }: ComparisonRequest,
): Promise<Comparison> {
  const promotion = await services.ledger.production(context, ticker, horizon);
  const standings = await services.registry.standings(context, ticker, horizon);
  if (standings.length === 0) {
    throw await missingModel(services, context, { ticker, horizon, kind: 'trained' }, tickersOnce(services, context));
  }
  const ranked = standings
    .map((standing) => ({ standing, stage: stageOf(standing, promotion?.modelId) }))
    .sort((a, b) => RANK[a.stage] - RANK[b.stage] || bySkill(a.standing, b.standing));
  const find = oncePerId((id) => services.registry.find(context, id));
  const newest = newestOfKinds(standings);
  const models: ComparedModel[] = [];
  for (const { standing, stage } of ranked.slice(offset, offset + limit)) {
    const model = (await find(standing.id))!;
    const naive = newestNaive(standings, standing.datasetId);
    const isAsked = stage === 'production' || newest.has(model.id);
    models.push(await compared(services, context, { model, stage, isAsked, naive: naive && (await find(naive.id)) }));
  }
  const end = offset + models.length;
  return {
    ticker,
    horizon,
    promoted: promotion?.kind ?? null,
    reasons: promotion?.reasons ?? [],
    total: ranked.length,
    offset,
    next_offset: end < ranked.length ? end : null,
    models,
  };
}

async function compared(
  services: Services,
  context: Context,
  {
    model,
    stage,
    isAsked,
    naive,
  }: {
    readonly model: ModelVersion;
    readonly stage: Stage;
    readonly isAsked: boolean;
    readonly naive: ModelVersion | undefined;
  },
): Promise<ComparedModel> {
  const { evaluation } = model;
  const notes = [...(evaluation === undefined ? ['Not evaluated.'] : evaluation.notes)];
  const certificate =
    model.certificate && (await orNote(notes, () => readCertificate(services, context, model.certificate!.id)));
  const forecast = isAsked
    ? await orNote(notes, () => forecastWith(services, context, model.id, vantageOf(context)))
    : undefined;
  const linkTo = (key: string) => downloadLink(services, context, key);
  const { ticker, datasetId } = model;
  const [ofModel, ofDataset, ofCertificate, pictures] = await Promise.all([
    linkTo(model.objectKey),
    linkTo(datasetBarsKey(ticker, datasetId)),
    model.certificate && linkTo(certificateKey(model.certificate.id)),
    evaluation === undefined ? [] : picturesOf(model, linkTo),
  ]);
  const beside =
    evaluation && naive?.evaluation && onSameDays(evaluation, naive.evaluation) ? naive.evaluation : undefined;
  return {
    model: model.kind,
    model_version: model.version,
    model_id: model.id,
    stage,
    as_of: model.asOf,
    trained_at: model.trainedAt,
    n_training_rows: model.nTrainingRows,
    ...ofModel,
    dataset: { id: datasetId, ...ofDataset },
    metrics: evaluation === undefined ? null : metricsOf(evaluation, beside, certificate),
    certificate:
      model.certificate === undefined
        ? null
        : { ...model.certificate, ...ofCertificate, reasons: reasonsOf(certificate) },
    prediction: forecast === undefined ? null : predictionAnswer(context, forecast),
    pictures,
    notes,
  };
}

/** Where the API gives a model's pictures, and the object store those that are drawn. */
function picturesOf(
  { ticker, id }: ModelVersion,
  linkTo: (key: string) => Promise<Downloadable>,
): Promise<ComparedModel['pictures']> {
  return Promise.all(
    PICTURE_NAMES.map(async (name) => {
      return { name, path: `/models/${id}/pictures/${name}`, ...(await linkTo(pictureKey(ticker, id, name))) };
    }),
  );
}

function reasonsOf(certificate: Certificate | undefined): readonly string[] {
  return certificate?.verdict.reasons ?? [];
}

/** One version's lost object must not hide all others: what waiting can't heal becomes a note. */
async function orNote<T>(notes: string[], body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof StockcastError) || error.retryable) throw error;
    notes.push(error.message);
    return undefined;
  }
}

/** Best first; those without figures last, then by kind, newest first. */
function bySkill(a: ModelStanding, b: ModelStanding): number {
  const [ratioOfA, ratioOfB] = [a, b].map(({ rmseRatioToNaive }) => rmseRatioToNaive ?? Number.MAX_VALUE) as [
    number,
    number,
  ];
  return ratioOfA - ratioOfB || a.kind.localeCompare(b.kind, 'en') || b.version - a.version;
}

/** Ids of those that answer for their kind: the newest that was evaluated, else the newest; by as-of date, then version. */
function newestOfKinds(standings: readonly ModelStanding[]): Set<string> {
  const newest = new Map<string, ModelStanding>();
  for (const standing of standings) {
    const before = newest.get(standing.kind);
    // Versions of a kind come in order.
    const isNewer = before === undefined || standing.asOf >= before.asOf;
    if (isEvaluated(standing) === isEvaluated(before) ? isNewer : isEvaluated(standing)) {
      newest.set(standing.kind, standing);
    }
  }
  return new Set([...newest.values()].map(({ id }) => id));
}

function isEvaluated(standing: ModelStanding | undefined): boolean {
  return standing?.rmseRatioToNaive !== undefined;
}

/** The newest naive version that was judged on the same data. */
function newestNaive(standings: readonly ModelStanding[], datasetId: string): ModelStanding | undefined {
  return standings.findLast(
    (each) => each.kind === FALLBACK_KIND && each.datasetId === datasetId && each.rmseRatioToNaive !== undefined,
  );
}

function oncePerId<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (id) => {
    const found = known.get(id) ?? read(id);
    known.set(id, found);
    return found;
  };
}
