import { StockcastError } from './errors.ts';

/** How far a forecast looks ahead, in exchange sessions (never calendar days). */
export type Horizon = number;

/** What is trained unless a request says otherwise. */
export const DEFAULT_HORIZONS: readonly Horizon[] = [1, 10];
/** What is forecast unless a request says otherwise. */
export const DEFAULT_HORIZON: Horizon = 10;
export const MAX_HORIZON = 63;

/**
 * Reads a horizon: a whole number of sessions from 1 to `MAX_HORIZON`.
 * @throws StockcastError HORIZON_INVALID
 */
export function parseHorizon(value: string | number): Horizon {
  const horizon = typeof value === 'number' ? value : /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!Number.isInteger(horizon) || horizon < 1 || horizon > MAX_HORIZON) {
    throw new StockcastError('HORIZON_INVALID', { horizon: String(value), expected: `1 to ${MAX_HORIZON} sessions` });
  }
  return horizon;
}
