import type { Context } from '../domain/context.ts';
import type { Stage } from '../domain/gate.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { Horizon } from '../domain/horizon.ts';
import { stageOf } from '../domain/model-version.ts';
import type { LiveRecord } from '../models/evaluation/live-record.ts';
import type { BehindNaive } from '../domain/scoring.ts';
import { newestOfKind } from './newest-of-kind.ts';
import type { Services } from './services.ts';
import { trackRecords } from './track-record.ts';

/** One model kind of a ticker and horizon, with what its evaluation found. */
export interface LeaderboardModel {
  readonly kind: string;
  readonly version: number;
  readonly modelId: string;
  readonly evaluation: Evaluation;
  readonly promoted: boolean;
  readonly stage: Stage;
  /** Hash of its newest certificate, if it has one. */
  readonly certificateId?: string;
  /** How the live forecasts of its kind have done; absent while none has matured. */
  readonly live?: LiveRecord;
  /** Set when it serves and its live record is significantly behind naive. */
  readonly behindNaive?: BehindNaive;
}

/** All models of one ticker and horizon, best first by RMSE over naive's on the same days, and what serves and why. */
export interface LeaderboardEntry {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly models: readonly LeaderboardModel[];
  readonly promoted: string | null;
  readonly reasons: readonly string[];
}

/** The newest version of every kind that was evaluated, beside the baselines, for each ticker and horizon that has models. */
export async function leaderboard(
  services: Services,
  context: Context,
  tickers: readonly string[],
  horizons: readonly Horizon[],
): Promise<LeaderboardEntry[]> {
  const entries: LeaderboardEntry[] = [];
  for (const ticker of tickers) {
    const records = await trackRecords(services, context, ticker);
    for (const horizon of horizons) {
      const promotion = await services.ledger.production(context, ticker, horizon);
      const kinds = await services.registry.kinds(context, ticker, horizon);
      const newest = await Promise.all(kinds.map((kind) => newestOfKind(services, context, { ticker, horizon, kind })));
      const models = newest.flatMap((model) => {
        if (model?.evaluation === undefined) return [];
        const { kind, version, id: modelId, evaluation, certificate } = model;
        const stage = stageOf(model, promotion?.modelId);
        const certified = certificate === undefined ? {} : { certificateId: certificate.id };
        const record = records.find((each) => each.horizon === horizon && each.kind === kind);
        const live = record?.live === undefined ? {} : { live: record.live };
        const promoted = stage === 'production';
        const behind = promoted && record?.behindNaive !== undefined ? { behindNaive: record.behindNaive } : {};
        return [{ kind, version, modelId, evaluation, promoted, stage, ...certified, ...live, ...behind }];
      });
      if (models.length === 0) continue;
      // Not by RMSE itself: a model whose parameters were searched is judged on fewer days, which may have been calmer.
      models.sort((a, b) => a.evaluation.rmseRatioToNaive - b.evaluation.rmseRatioToNaive);
      entries.push({ ticker, horizon, models, promoted: promotion?.kind ?? null, reasons: promotion?.reasons ?? [] });
    }
  }
  return entries;
}
