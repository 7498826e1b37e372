import type { Context } from '../domain/context.ts';
import type { DriftRetraining } from '../domain/drift.ts';
import { StockcastError } from '../domain/errors.ts';
import { type RetrainingSettings, runBefore, startRetraining } from './retrain-restated.ts';
import type { Services } from './services.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

/**
 * Trains again the tickers of what serves and has an alarm in its newest report, and no others, as after a restatement.
 * Once per model: one that was trained again because of an earlier alarm is left alone, unless that failed in the run.
 * @throws StockcastError TEMPORAL_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export async function retrainDrifted(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  { ticker }: { readonly ticker?: string },
  settings: RetrainingSettings,
): Promise<DriftRetraining> {
  const reports = await services.drift.newest(context, ticker);
  const alarming = new Set(reports.filter(({ alarms }) => alarms.length > 0).map(({ modelId }) => modelId));
  const due = [];
  for (const entry of await services.ledger.serving(context)) {
    if (!alarming.has(entry.modelId)) continue;
    const before = await services.drift.retrainingOf(context, entry.modelId);
    if ((await runBefore(temporal, context, before, [entry.ticker])) === undefined) due.push(entry);
  }
  const models = await Promise.all(due.map(({ modelId }) => services.registry.find(context, modelId)));
  try {
    const what = { serving: due, models: models.filter((model) => model !== undefined) };
    const run = await startRetraining(services, temporal, context, what, settings);
    if (run === undefined) return { tickers: [], runIds: [], problems: [] };
    for (const { modelId } of due) await services.drift.noteRetraining(context, modelId, run.run_id);
    return { tickers: [...new Set(due.map((entry) => entry.ticker))].sort(), runIds: [run.run_id], problems: [] };
  } catch (error) {
    if (!(error instanceof StockcastError) || error.retryable) throw error;
    return { tickers: [], runIds: [], problems: [error.message] };
  }
}
