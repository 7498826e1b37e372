import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { MONITOR_DRIFT, type MonitorDriftInput } from '../domain/drift.ts';
import { runAttributes } from '../domain/run.ts';
import { knownTickers } from './histories.ts';
import type { StartedRun } from './run-view.ts';
import { start } from './runs.ts';
import type { Services } from './services.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { vantageOf } from './vantages.ts';

/**
 * Starts looking for drift of what serves, of one ticker or of all, or joins the run that is at it.
 * @throws StockcastError TICKER_UNKNOWN, DATE_INVALID, TEMPORAL_UNAVAILABLE
 */
export async function startMonitoring(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  { ticker, asOf }: { readonly ticker?: string; readonly asOf?: SessionDate },
): Promise<StartedRun> {
  if (ticker !== undefined) await knownTickers(services, context, [ticker]);
  vantageOf(context, asOf);
  const { tenant, principal } = context;
  const input: MonitorDriftInput = {
    version: 1,
    context: { tenant, principal },
    ...(ticker === undefined ? {} : { ticker }),
    ...(asOf === undefined ? {} : { asOf }),
  };
  const workflowId = ['drift', tenant, ticker ?? 'all', ...(asOf === undefined ? [] : [asOf])].join('/');
  const attributes = runAttributes({ stage: 'waiting', ...(ticker === undefined ? {} : { ticker }) });
  return start(temporal, MONITOR_DRIFT, workflowId, false, input, attributes);
}
