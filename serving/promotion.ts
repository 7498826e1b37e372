import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { PromotionOutcome } from '../domain/run.ts';
import { choosePromotion } from '../models/evaluation/promotion.ts';
import type { Services } from './services.ts';

/** Which evaluated models compete to serve one ticker and horizon. */
export interface PromotionRequest {
  readonly runId: string;
  readonly executionId: string;
  /** Whether the choice may serve now; false for a run as of a date. */
  readonly live: boolean;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly asOf: SessionDate;
  readonly modelIds: readonly string[];
}

/** Lets the rule choose among evaluated models and enters its decision, with its reasons, into the ledger. */
export async function promoteBest(
  services: Services,
  context: Context,
  request: PromotionRequest,
): Promise<PromotionOutcome> {
  const candidates = await Promise.all(
    request.modelIds.map(async (modelId) => {
      const model = await services.registry.find(context, modelId);
      if (model?.evaluation === undefined) {
        const { ticker, horizon } = request;
        throw new StockcastError('MODEL_MISSING', {
          ticker,
          horizon,
          kind: `evaluated ${modelId}`,
          how: 'start the run again',
        });
      }
      return { kind: model.kind, modelId, evaluation: model.evaluation };
    }),
  );
  const { modelId, kind, reasons } = choosePromotion(candidates);
  const { runId, executionId, live, ticker, horizon, asOf } = request;
  const { principal } = context;
  const entry = await services.ledger.enter(context, {
    ticker,
    horizon,
    asOf,
    modelId,
    kind,
    reasons,
    principal,
    runId,
    executionId,
    live,
  });
  return { horizon, modelId: entry.modelId, kind: entry.kind, movedLive: entry.movedLive };
}
