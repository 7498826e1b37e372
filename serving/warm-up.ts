import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Promotion } from '../domain/model-version.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import type { Forecasts } from './forecasts.ts';
import { loadModelNamed } from './model-memory.ts';
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
  const load = async ({ ticker, horizon, modelId }: Promotion) => {
    try {
      // A forecast that is stored needs neither the model nor the history: these are not waited for before.
      await Promise.all([forecasts.get(context, { ticker, horizon }), loadModelNamed(services, context, modelId)]);
      progress.loaded++;
    } catch (error) {
      // What concerns all models ends the loading; what concerns one is told to whoever asks for it.
      if (!(error instanceof StockcastError) || error.retryable) throw error;
      progress.failed++;
    }
  };
  const run = async () => {
    await after;
    const served = (await services.ledger.serving(context)).slice(0, MAX_MODELS);
    const each = async (promotion: Promotion) => {
      if (!signal.aborted) await load(promotion);
    };
    await aFewAtATime(served, each, AT_A_TIME);
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
