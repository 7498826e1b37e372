import type { Instant, SessionDate } from '../domain/bar.ts';
import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { GateDecision, GateVerdict } from '../domain/gate.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ModelVersion, type Promotion, identityOf } from '../domain/model-version.ts';
import type { PromotionDecision, PromotionOutcome, Verdict } from '../domain/run.ts';
import { outOfSample } from '../models/evaluation/calibrated.ts';
import { type Champion, type Contender } from '../models/gate/contender.ts';
import { decide } from '../models/gate/gate.ts';
import { kindNamed } from '../models/kinds.ts';
import { storeCertificate } from './certificates.ts';
import { productionThen } from './known-then.ts';
import { FALLBACK_KIND } from './planning.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';
import { hasSeries, readSeries } from './walk-forward-series.ts';

/** Which evaluated models compete to serve one ticker and horizon. */
export interface PromotionRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly asOf: SessionDate;
  /** Of a run as of a date: what was learnt after it decides nothing. Absent in live runs. */
  readonly knownAt?: Instant;
  /** In the order of the table of kinds. */
  readonly modelIds: readonly string[];
  /** How many tickers and horizons the run decides about, for the correction of what it claims. */
  readonly nTickers: number;
  readonly nHorizons: number;
}

type EvaluatedModel = ModelVersion & { readonly evaluation: Evaluation };

/**
 * Lets the gate decide among evaluated models, writes a certificate for each of them, and says what is to serve;
 * nothing serves otherwise yet.
 */
export async function decidePromotion(
  services: Services,
  context: Context,
  request: PromotionRequest,
): Promise<PromotionDecision> {
  const { horizon, nTickers, nHorizons } = request;
  const models = await Promise.all(request.modelIds.map((id) => evaluated(services, context, request, id)));
  const contenders = await Promise.all(models.map((model) => contenderOf(services, context, model)));
  const serving = await servingFor(services, context, request);
  const champion = await championOf(services, context, request, contenders, serving);
  const { thresholds } = services;
  const decision = decide({
    horizon,
    contenders,
    thresholds,
    nTickers,
    nHorizons,
    ...(champion === undefined ? {} : { champion }),
  });
  const family = { nTickers, nHorizons };
  const certificates = await Promise.all(
    decision.verdicts.map(async (verdict, i) => {
      const certificate: Omit<Certificate, 'modelHash' | 'forecastsHash'> = {
        ...certificateBody(models[i]!, verdict),
        thresholds,
        family,
        ...(champion === undefined ? {} : { champion: { modelId: champion.modelId, kind: champion.kind } }),
      };
      return storeCertificate(services, context, models[i]!, certificate);
    }),
  );
  const chosenBy = ({ verdicts }: GateDecision, kind: string) => {
    const at = verdicts.findIndex((verdict) => verdict.kind === kind);
    return { modelId: verdicts[at]!.modelId, kind, certificateId: certificates[at]! };
  };
  return {
    horizon,
    modelId: decision.modelId,
    kind: decision.kind,
    fallback: decision.fallback,
    certificateId: chosenBy(decision, decision.kind).certificateId,
    reasons: reasonsOf(decision),
    ...(serving === undefined ? {} : { serving: servingOf(serving) }),
    otherwise: serving === undefined ? chosenBy(decision, FALLBACK_KIND) : servingOf(serving),
  };
}

/**
 * Enters a decision into the ledger, with its reasons and, where a person had a say, theirs: a rejected one as what
 * serves on instead, naive where nothing served. A run that is made once more leaves a horizon alone where a person or an
 * experiment has put something since.
 */
export async function enterPromotion(
  services: Services,
  context: Context,
  entry: {
    readonly runId: string;
    readonly executionId: string;
    /** Whether the choice may serve now; false for a run as of a date. */
    readonly live: boolean;
    readonly ticker: string;
    readonly asOf: SessionDate;
    readonly decision: PromotionDecision;
    readonly verdict?: Verdict;
    /** Whether a person has corrected the data since the run was begun, so that it decides anew. */
    readonly corrected?: boolean;
  },
): Promise<PromotionOutcome> {
  const { runId, executionId, live, ticker, asOf, decision, verdict, corrected = false } = entry;
  const { horizon } = decision;
  const isRejected = verdict?.approve === false;
  // What serves may have changed while the decision waited: by another run, or by a rollback.
  const servesOn = isRejected
    ? await services.ledger.production(context, ticker, horizon, live ? undefined : asOf)
    : undefined;
  const { modelId, kind, certificateId } = isRejected ? (servesOn ?? decision.otherwise) : decision;
  const reasons =
    verdict === undefined
      ? decision.reasons
      : [`${isRejected ? 'Rejected' : 'Approved'} by ${verdict.by}: ${verdict.reason}`, ...decision.reasons];
  const promotion = {
    ...{ ticker, horizon, asOf, modelId, kind, reasons, runId, executionId, live },
    ...(certificateId === undefined ? {} : { certificateId }),
    principal: verdict?.by ?? context.principal,
  };
  const leavesPut = verdict === undefined && !corrected;
  const entered = await services.ledger.enter(context, promotion, { leavesPut });
  const movedLive = entered.movedLive && entered.executionId === executionId;
  return { horizon, modelId: entered.modelId, kind: entered.kind, movedLive };
}

function certificateBody(model: EvaluatedModel, verdict: GateVerdict) {
  const { id, asOf, nTrainingRows, evaluation } = model;
  return {
    format: 1 as const,
    modelId: id,
    model: identityOf(model),
    asOf,
    nTrainingRows,
    evaluation,
    trials: model.search?.trials ?? 1,
    reproducible: model.search?.cutShort !== true,
    verdict,
  };
}

async function evaluated(
  services: Services,
  context: Context,
  { ticker, horizon }: PromotionRequest,
  modelId: string,
): Promise<EvaluatedModel> {
  const model = await services.registry.find(context, modelId);
  if (model?.evaluation !== undefined) return { ...model, evaluation: model.evaluation };
  throw new StockcastError('MODEL_MISSING', {
    ticker,
    horizon,
    kind: `evaluated ${modelId}`,
    how: 'start the run again',
  });
}

async function contenderOf(services: Services, context: Context, model: EvaluatedModel): Promise<Contender> {
  const { ticker, horizon, kind, id: modelId } = model;
  const series = await readSeries(services, context, ticker, modelId);
  const { role } = kindNamed(kind);
  return { kind, modelId, role, forecasts: outOfSample(series, horizon), leakage: model.evaluation.leakage };
}

async function servingFor(
  services: Services,
  context: Context,
  { ticker, horizon, asOf, knownAt }: PromotionRequest,
): Promise<Promotion | undefined> {
  if (knownAt === undefined) return services.ledger.production(context, ticker, horizon, asOf);
  return (await productionThen(services, context, ticker, horizon, { asOf, knownAt }))?.promotion;
}

/** What serves as of the date, if its forecasts can be compared: naive is compared with anyway. */
async function championOf(
  services: Services,
  context: Context,
  { ticker, horizon, modelIds }: PromotionRequest,
  contenders: readonly Contender[],
  serving: Promotion | undefined,
): Promise<Champion | undefined> {
  if (serving === undefined || serving.kind === FALLBACK_KIND) return undefined;
  // The only contender that could be worse than itself would be a copy.
  if (modelIds.includes(serving.modelId) && contenders.length > 0) return undefined;
  if (!(await hasSeries(services, context, ticker, serving.modelId))) return undefined;
  const model = await registered(services, context, serving.modelId);
  const series = await readSeries(services, context, ticker, model.id);
  return { kind: model.kind, modelId: model.id, forecasts: outOfSample(series, horizon) };
}

function servingOf({ modelId, kind, certificateId }: Promotion) {
  return { modelId, kind, ...(certificateId === undefined ? {} : { certificateId }) };
}

/** The decision in one sentence, then what was said of each contender. */
function reasonsOf({ summary, verdicts }: GateDecision): string[] {
  return [summary, ...verdicts.map(({ kind, reasons }) => `${kind}: ${reasons.join(' ')}`)];
}
