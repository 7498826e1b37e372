import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import type { Forecasts } from './forecasts.ts';
import { prepareForecast } from './forecasting.ts';
import { listTickers } from './histories.ts';
import type { Services } from './services.ts';

/** As many promoted models as are loaded at most; the others are loaded when they are first asked for. */
const MAX_MODELS = 200;
const AT_A_TIME = 2;

/** How far the loading of promoted models has come. */
export interface WarmUp {
  readonly state: 'running' | 'done' | 'failed';
  /** Models whose newest forecast lies ready. */
  readonly loaded: number;
  /** Models that could not be loaded, for example since their object is lost. */
  readonly failed: number;
  /** Why it failed as a whole. */
  readonly problem?: string;
  /** Settles when there is nothing more to load; never fails. */
  readonly finished: Promise<void>;
}

/**
 * Loads the promoted models, and has their newest forecasts ready, in the background: at most 200, by ticker.
 * @param after begins when this settles
 * @param signal ends it early
 */
export function warmUp(
  services: Services,
  forecasts: Forecasts,
  context: Context,
  { after = Promise.resolve(), signal }: { readonly after?: Promise<void>; readonly signal: AbortSignal },
): WarmUp {
  const progress = { state: 'running' as WarmUp['state'], loaded: 0, failed: 0 };
  const load = async (ticker: string, horizon: number) => {
    try {
      await prepareForecast(services, context, { ticker, horizon });
      await forecasts.get(context, { ticker, horizon });
      progress.loaded++;
    } catch (error) {
      // What concerns all models ends the loading; what concerns one is told to whoever asks for it.
      if (!(error instanceof StockcastError) || error.retryable) throw error;
      progress.failed++;
    }
  };
  const run = async () => {
    await after;
    const served: { ticker: string; horizon: number }[] = [];
    for (const { ticker } of await listTickers(services, context)) {
      if (signal.aborted || served.length >= MAX_MODELS) break;
      const moved = (await services.ledger.history(context, ticker)).filter(({ movedLive }) => movedLive);
      for (const horizon of new Set(moved.map((entry) => entry.horizon))) served.push({ ticker, horizon });
    }
    const each = async ({ ticker, horizon }: (typeof served)[number]) => {
      if (!signal.aborted) await load(ticker, horizon);
    };
    await aFewAtATime(served.slice(0, MAX_MODELS), each, AT_A_TIME);
  };
  const finished = run().then(
    () => {
      progress.state = 'done';
    },
    (error: unknown) => {
      Object.assign(progress, { state: 'failed', problem: error instanceof Error ? error.message : String(error) });
    },
  );
  return Object.assign(progress, { finished });
}
