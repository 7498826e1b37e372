import { contextFrom } from '../../domain/context.ts';
import type { LackedOutcome, LackedUsage, Mark } from '../../stores/mlflow/mlflow-backlog.ts';
import type { Metric } from '../../stores/mlflow/mlflow-runs.ts';
import { type ScoredForecast, forecastHistory } from '../forecast-history.ts';
import type { MlflowParts } from './mlflow-parts.ts';

const DAY_MS = 86_400_000;

/** Logs how a model was used on a day, with the model's run; the step of daily figures is the day, counted from 1970. */
export async function tellUsage(parts: MlflowParts, usage: LackedUsage): Promise<void> {
  const { day, count, medianMs, p95Ms } = usage;
  await log(parts, usage, day, { count, latency_ms_median: medianMs, latency_ms_p95: p95Ms });
}

/**
 * Logs by how much forecasts missed, with their models' runs. Forecasts that were made as of an earlier date, when the
 * outcome could be known, are logged under names of their own.
 */
export async function tellOutcomes(parts: MlflowParts, lacked: readonly LackedOutcome[]): Promise<void> {
  const histories = new Map<string, Promise<ScoredForecast[]>>();
  for (const each of lacked) {
    const { tenant, ticker, horizon } = each;
    const name = `${tenant}/${ticker}/${horizon}`;
    const context = contextFrom({ tenant, principal: 'stockcast' });
    const history = histories.get(name) ?? forecastHistory(parts.services, context, ticker, { horizon });
    histories.set(name, history);
    const found = (await history).find(
      ({ forecast }) => forecast.modelId === each.modelId && forecast.targetSession === each.targetSession,
    );
    // Older than the figures go back.
    if (found?.outcome === undefined) continue;
    const { error, directionRight, inside } = found.outcome;
    const prefix = found.madeInTime ? 'realised' : 'backfilled';
    await log(parts, each, each.targetSession, {
      [`${prefix}_error`]: error,
      [`${prefix}_absolute_error`]: Math.abs(error),
      [`${prefix}_direction_right`]: directionRight ? 1 : 0,
      ...Object.fromEntries(Object.entries(inside).map(([level, held]) => [`${prefix}_inside_${level}`, held ? 1 : 0])),
    });
  }
}

async function log(
  { registry, runs }: MlflowParts,
  { tenant, modelId }: Mark & { readonly modelId: string },
  day: string,
  figures: Readonly<Record<string, number>>,
): Promise<void> {
  const place = await registry.place(contextFrom({ tenant, principal: 'stockcast' }), modelId);
  // Of a model that was deleted in MLflow nothing more is told.
  if (place === undefined) return;
  const timestamp = Date.parse(`${day}T00:00:00Z`);
  const step = Math.round(timestamp / DAY_MS);
  const metrics = Object.entries(figures).map(
    ([name, value]): Metric => ({ key: `inference/${name}`, value, timestamp, step }),
  );
  await runs.log(place.runId, { metrics });
}
