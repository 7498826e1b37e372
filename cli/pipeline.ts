import type { Horizon } from '../domain/horizon.ts';
import { forecast } from '../serving/forecasting.ts';
import { type LeaderboardEntry, leaderboard } from '../serving/leaderboard.ts';
import type { TrainingWish } from '../serving/planning.ts';
import { type PredictionAnswer, predictionAnswer } from '../serving/prediction-answer.ts';
import type { RunView } from '../serving/run-view.ts';
import { describeRun, startUniverseTraining } from '../serving/runs.ts';
import { type PriceFiles, takeInPrices } from '../serving/take-in-prices.ts';
import { Interrupted } from './failure.ts';
import type { Output } from './output.ts';
import type { Parts } from './parts.ts';
import type { Phases } from './progress/phases.ts';
import { watchRun } from './progress/watch-run.ts';
import { startedLine } from './tables/run-tables.ts';
import { takeInSummary } from './tables/take-in-summary.ts';

/** What the pipeline is run on, and where it tells how it goes. */
export interface PipelineRequest {
  readonly files: PriceFiles;
  /** Default: the tickers of the file. */
  readonly tickers: readonly string[] | undefined;
  readonly horizons: readonly Horizon[];
  readonly wish: TrainingWish;
  readonly output: Output;
  readonly phases: Phases;
  readonly signal: AbortSignal;
}

/** What came of the pipeline. */
export interface PipelineOutcome {
  readonly run: RunView;
  readonly entries: readonly LeaderboardEntry[];
  readonly answers: readonly PredictionAnswer[];
}

/**
 * Takes prices in, trains with live progress, and reads the leaderboard and the promoted models' forecasts.
 * @throws StockcastError FILE_REFUSED, FILE_UNREADABLE, TICKER_UNKNOWN, DATABASE_UNAVAILABLE, TEMPORAL_UNAVAILABLE
 * @throws Interrupted when the signal aborts
 */
export async function runPipeline(parts: Parts, request: PipelineRequest): Promise<PipelineOutcome> {
  const { files, horizons, wish, output, phases, signal } = request;
  const context = parts.context();
  const [services, temporal] = [await parts.services(), await parts.temporal()];

  const report = await phases.run('prices', () => takeInPrices(services, context, { ...files, signal }));
  output.say(takeInSummary(report));
  proceed(signal);

  const tickers = request.tickers ?? report.tickers.map(({ ticker }) => ticker);
  const run = await phases.run('training', async () => {
    const universe = { tickers, maxInFlight: parts.settings().maxInFlight };
    const started = await startUniverseTraining(services, temporal, context, universe, wish);
    output.say(startedLine(started));
    const describe = () => describeRun(temporal, context, started.run_id);
    // What is parked may be so for days; the others' forecasts are there now.
    return watchRun({ context, output, signal, describe, leaveParked: true });
  });

  return phases.run('forecasts', async () => {
    const entries = await leaderboard(services, context, [...new Set(tickers)].sort(), horizons);
    const answers: PredictionAnswer[] = [];
    for (const { ticker, horizon, promoted } of entries) {
      if (promoted === null) continue;
      answers.push(predictionAnswer(context, await forecast(services, context, { ticker, horizon })));
    }
    return { run, entries, answers };
  });
}

/** @throws Interrupted when the person has asked to stop */
export function proceed(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('stopped before the pipeline was done');
}
