import type { Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import type { RunningLine } from '../domain/experiment.ts';
import { forecastWith } from './forecasting.ts';
import type { Services } from './services.ts';

/** Challengers that were to forecast beside their champion and could not. */
export interface Shadowed {
  readonly failed: readonly { readonly line: RunningLine; readonly error: unknown }[];
}

/**
 * Has the challengers of running experiments forecast what their champions just did. One that fails is told of and keeps
 * nobody from anything; whoever judges the experiment tries again.
 * @param models that forecast from the vantage
 */
export async function shadowForecasts(
  services: Services,
  context: Context,
  {
    ticker,
    vantage,
    models,
  }: { readonly ticker: string; readonly vantage: Vantage; readonly models: readonly { readonly modelId: string }[] },
): Promise<Shadowed> {
  const lines = (await services.experiments.runningLines()).filter(
    (line) =>
      line.tenant === context.tenant &&
      line.ticker === ticker &&
      models.some(({ modelId }) => modelId === line.champion.modelId),
  );
  const failed: { line: RunningLine; error: unknown }[] = [];
  for (const line of lines) {
    try {
      await forecastWith(services, context, line.challenger.modelId, vantage);
    } catch (error) {
      failed.push({ line, error });
    }
  }
  return { failed };
}
