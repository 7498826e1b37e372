import type { LiveRecord } from '../models/evaluation/live-record.ts';
import { type TrackRecord, behindNaiveReason } from './track-record.ts';

/** The track records of a ticker's kinds, as the API and the CLI give them. */
export function trackRecordAnswer(ticker: string, records: readonly TrackRecord[]) {
  return {
    ticker,
    records: records.map(({ horizon, kind, versions, serves, live, backfilled, behindNaive }) => ({
      horizon,
      model: kind,
      serves,
      versions,
      live: live === undefined ? null : figuresOf(live),
      backfilled: backfilled === undefined ? null : figuresOf(backfilled),
      behind_naive:
        behindNaive === undefined
          ? null
          : {
              model_id: behindNaive.modelId,
              serves_since: behindNaive.servesSince,
              found_at: behindNaive.foundAt,
              n: behindNaive.n,
              rmse_ratio_to_naive: behindNaive.rmseRatioToNaive,
              p: behindNaive.p,
              level: behindNaive.level,
              reason: behindNaiveReason(behindNaive),
            },
    })),
  };
}

export type TrackRecordAnswer = ReturnType<typeof trackRecordAnswer>;

function figuresOf(record: LiveRecord) {
  return {
    n: record.n,
    first_origin: record.firstOrigin,
    last_origin: record.lastOrigin,
    rmse: record.rmse,
    naive_rmse: record.naiveRmse,
    rmse_ratio_to_naive: record.rmseRatioToNaive,
    diebold_mariano_p: record.pBetter,
    diebold_mariano_p_worse: record.pWorse,
    directional_accuracy: record.directionalAccuracy,
    always_up_accuracy: record.alwaysUpAccuracy,
    intervals: record.intervals.map(({ level, n, coverage, winkler }) => ({ level, n, coverage, winkler })),
  };
}
