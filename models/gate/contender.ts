import { StockcastError } from '../../domain/errors.ts';
import type { LeakageFindings } from '../../domain/gate.ts';
import type { OutOfSampleForecasts } from '../evaluation/out-of-sample.ts';

/** An evaluated model that could serve, with all that the gate judges it by. */
export interface Contender {
  readonly kind: string;
  readonly modelId: string;
  readonly role: 'baseline' | 'candidate';
  readonly forecasts: OutOfSampleForecasts;
  readonly leakage: LeakageFindings;
}

/** What serves now, with its out-of-sample forecasts. */
export interface Champion {
  readonly kind: string;
  readonly modelId: string;
  readonly forecasts: OutOfSampleForecasts;
}

/**
 * Checks that there is something to judge.
 * @throws StockcastError MODEL_INPUT_INVALID when forecasts are missing, not finite, or not one per outcome and session
 */
export function checkForecasts(kind: string, { y, yHat, ordinals }: OutOfSampleForecasts): void {
  if (y.length === 0) throw unusable(kind, 'there are no out-of-sample forecasts');
  if (yHat.length !== y.length || ordinals.length !== y.length) {
    throw unusable(kind, `${yHat.length} forecasts for ${y.length} outcomes on ${ordinals.length} sessions`);
  }
  const wrong = yHat.findIndex((forecast, i) => !Number.isFinite(forecast) || !Number.isFinite(y[i]));
  if (wrong !== -1) throw unusable(kind, `forecast ${wrong} is ${yHat[wrong]} and its outcome ${y[wrong]}`);
}

/** The error for something that the gate can't judge. */
export function unusable(kind: string, problem: string): StockcastError {
  return new StockcastError('MODEL_INPUT_INVALID', { kind, problem });
}
