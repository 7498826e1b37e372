import { contextFrom } from '../../domain/context.ts';
import type { ForecastScore } from '../../domain/scoring.ts';
import type { LackedOutcome, LackedUsage, Mark } from '../../stores/mlflow/mlflow-backlog.ts';
import type { Metric } from '../../stores/mlflow/mlflow-runs.ts';
import { inPercent } from '../forecast-history.ts';
import type { MlflowParts } from './mlflow-parts.ts';

const DAY_MS = 86_400_000;

/** Logs how a model was used on a day, with the model's run; the step of daily figures is the day, counted from 1970. */
export async function tellUsage(parts: MlflowParts, usage: LackedUsage): Promise<void> {
  const { day, count, medianMs, p95Ms } = usage;
  await log(parts, usage, day, { count, latency_ms_median: medianMs, latency_ms_p95: p95Ms });
}

/**
 * Logs by how much forecasts missed, as they were scored, with their models' runs. Forecasts that were made as of a past
 * day, when the outcome was known, are logged under names of their own.
 */
export async function tellOutcomes(parts: MlflowParts, lacked: readonly LackedOutcome[]): Promise<void> {
  const known = new Map<string, Promise<ForecastScore[]>>();
  for (const each of lacked) {
    const { tenant, ticker, horizon } = each;
    const name = `${tenant}/${ticker}/${horizon}`;
    const context = contextFrom({ tenant, principal: 'stockcast' });
    const scores = known.get(name) ?? parts.services.scores.ofTicker(context, ticker, { horizon });
    known.set(name, scores);
    const score = (await scores).find(
      ({ modelId, targetSession }) => modelId === each.modelId && targetSession === each.targetSession,
    );
    if (score === undefined) continue;
    const { error, directionRight, intervals, live } = score;
    const prefix = live ? 'realised' : 'backfilled';
    await log(parts, each, each.targetSession, {
      [`${prefix}_error`]: error,
      [`${prefix}_absolute_error`]: Math.abs(error),
      ...(directionRight === null ? {} : { [`${prefix}_direction_right`]: directionRight ? 1 : 0 }),
      ...Object.fromEntries(
        intervals.map(({ level, inside }) => [`${prefix}_inside_${inPercent(level)}`, inside ? 1 : 0]),
      ),
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
