import type { SessionDate } from '../domain/bar.ts';
import type { Context, ContextRecord } from '../domain/context.ts';
import { MONITOR_DRIFT } from '../domain/drift.ts';
import { JUDGE_EXPERIMENTS } from '../domain/experiment.ts';
import { runAttributes } from '../domain/run.ts';
import { SCORE_FORECASTS } from '../domain/scoring.ts';
import { knownTickers } from './histories.ts';
import type { StartedRun } from './run-view.ts';
import { start } from './runs.ts';
import type { Services } from './services.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { vantageOf } from './vantages.ts';

/** Of what a daily run is asked for by a person: one ticker or all, as of now or of a past day. */
export interface DailyRequest {
  readonly ticker?: string;
  readonly asOf?: SessionDate;
}

/** The input that the daily workflows share. */
interface DailyInput extends DailyRequest {
  readonly version: 1;
  readonly context: ContextRecord;
}

/** Daily runs over what is served, of one ticker or of all: scoring what has matured, and looking for drift. */
const OF_TICKERS = { score: SCORE_FORECASTS, drift: MONITOR_DRIFT } as const;

/**
 * Starts a daily run of one ticker or of all, or joins the run that is at it.
 * @throws StockcastError TICKER_UNKNOWN, DATE_INVALID, TEMPORAL_UNAVAILABLE
 */
export async function startDaily(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  what: keyof typeof OF_TICKERS,
  request: DailyRequest,
): Promise<StartedRun> {
  const { ticker } = request;
  if (ticker !== undefined) await knownTickers(services, context, [ticker]);
  return startAsOf(temporal, context, OF_TICKERS[what], `${what}/${context.tenant}/${ticker ?? 'all'}`, request);
}

/**
 * Starts judging all running experiments, or joins the run that is at it.
 * @throws StockcastError DATE_INVALID, TEMPORAL_UNAVAILABLE
 */
export async function startJudging(
  temporal: TemporalGateway,
  context: Context,
  asOf?: SessionDate,
): Promise<StartedRun> {
  const request = asOf === undefined ? {} : { asOf };
  return startAsOf(temporal, context, JUDGE_EXPERIMENTS, `judge-experiments/${context.tenant}`, request);
}

async function startAsOf(
  temporal: TemporalGateway,
  context: Context,
  workflow: string,
  name: string,
  { ticker, asOf }: DailyRequest,
): Promise<StartedRun> {
  // Refuses a date that is none, or not yet.
  vantageOf(context, asOf);
  const { tenant, principal } = context;
  const ofTicker = ticker === undefined ? {} : { ticker };
  const input: DailyInput = {
    version: 1,
    context: { tenant, principal },
    ...ofTicker,
    ...(asOf === undefined ? {} : { asOf }),
  };
  const workflowId = asOf === undefined ? name : `${name}/${asOf}`;
  return start(temporal, workflow, workflowId, false, input, runAttributes({ stage: 'waiting', ...ofTicker }));
}
