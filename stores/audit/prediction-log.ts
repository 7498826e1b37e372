import type { Instant, SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';

/** One forecast that was asked for, and what was answered. The forecast itself is stored under its model and session. */
export interface PredictionEntry {
  /** Unique; writing an entry again changes nothing. */
  readonly id: string;
  readonly at: Instant;
  readonly requestId: string;
  readonly principal: string;
  /** Template of the route. */
  readonly route: string;
  readonly ticker: string;
  readonly horizon: Horizon;
  /** The kind that was asked for, if one was. */
  readonly asked?: string | undefined;
  /** The past day as of which it was asked for, if it was. */
  readonly asOf?: SessionDate | undefined;
  readonly durationMs: number;
  readonly cache?: string | undefined;
  /** Code of the error, when there was no forecast. */
  readonly code?: string | undefined;
  readonly answer?:
    | {
        readonly modelId: string;
        readonly kind: string;
        readonly originSession: SessionDate;
        readonly priceTarget: number;
        readonly confidence: number;
      }
    | undefined;
}

/** The audit of forecasts: who asked for what, when, and was told what. */
export interface PredictionLog {
  /** Writes many entries in one statement. */
  append(context: Pick<Context, 'tenant'>, entries: readonly PredictionEntry[]): Promise<void>;
}
