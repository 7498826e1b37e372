import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { JUDGE_EXPERIMENTS, type JudgeExperimentsInput } from '../domain/experiment.ts';
import { runAttributes } from '../domain/run.ts';
import type { StartedRun } from './run-view.ts';
import { start } from './runs.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { vantageOf } from './vantages.ts';

/**
 * Starts judging all running experiments, or joins the run that is at it.
 * @throws StockcastError DATE_INVALID, TEMPORAL_UNAVAILABLE
 */
export async function startJudging(
  temporal: TemporalGateway,
  context: Context,
  asOf?: SessionDate,
): Promise<StartedRun> {
  vantageOf(context, asOf);
  const { tenant, principal } = context;
  const only = asOf === undefined ? {} : { asOf };
  const input: JudgeExperimentsInput = { version: 1, context: { tenant, principal }, ...only };
  const workflowId = ['judge-experiments', tenant, ...(asOf === undefined ? [] : [asOf])].join('/');
  return start(temporal, JUDGE_EXPERIMENTS, workflowId, false, input, runAttributes({ stage: 'waiting' }));
}
