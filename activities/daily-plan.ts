import type { Vantage } from '../domain/bar.ts';
import { type Context, type ContextRecord, contextFrom } from '../domain/context.ts';
import { vantageWhenDue } from '../serving/vantages.ts';
import { heartbeating } from './failure.ts';

/** What a daily run is planned by. */
export interface DailyPlanRequest {
  readonly context: ContextRecord;
  readonly ticker?: string;
  /** An as-of date, or the instant it was due. */
  readonly at: string;
}

/** From where a daily run looks, and how much there is to do, which `count` tells. */
export function dailyPlan(
  { context: record, at }: DailyPlanRequest,
  count: (context: Context, vantage: Vantage) => Promise<number>,
): Promise<{ vantage: Vantage; total: number }> {
  return heartbeating(async () => {
    const context = contextFrom(record);
    const vantage = vantageWhenDue(context, at);
    return { vantage, total: await count(context, vantage) };
  });
}
