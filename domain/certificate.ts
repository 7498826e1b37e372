import type { SessionDate } from './bar.ts';
import type { Evaluation } from './evaluation.ts';
import type { GateThresholds, GateVerdict } from './gate.ts';
import type { ModelIdentity } from './model-version.ts';

/**
 * All that a promotion rests on, for one model version: what it was made from and how, every figure beside its
 * baseline, what the leakage gates found, and the gate's verdict with its reasons. It names neither a time nor a run, so
 * equal work gives an equal certificate; its id is the SHA-256 of its canonical JSON.
 */
export interface Certificate {
  readonly format: 1;
  readonly modelId: string;
  readonly model: ModelIdentity;
  /** SHA-256 of the stored model object; of an ensemble, of its list of members. */
  readonly modelHash: string;
  /** SHA-256 of the stored walk-forward forecasts, from which every figure follows. */
  readonly forecastsHash: string;
  readonly asOf: SessionDate;
  readonly nTrainingRows: number;
  readonly evaluation: Evaluation;
  /** Parameter settings that were tried before this one was chosen; 1 when nothing was searched. */
  readonly trials: number;
  /** False when a time cap ended the search for parameters, so that a repetition may end otherwise. */
  readonly reproducible: boolean;
  readonly thresholds: GateThresholds;
  /** How many comparisons the corrected p counts: tickers and horizons of the run. */
  readonly family: { readonly nTickers: number; readonly nHorizons: number };
  /** What served before and was compared with, unless it was naive or this model. */
  readonly champion?: { readonly modelId: string; readonly kind: string };
  readonly verdict: GateVerdict;
}

/** One thing that a certificate says, looked at again; `detail` is a clause without a full stop, for people. */
export interface CertificateCheck {
  readonly name: string;
  /** `skipped`: it can't be looked at here; `detail` says why. */
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

/** What became of a certificate that was verified: it holds when no check failed. */
export interface Verification {
  readonly holds: boolean;
  readonly checks: readonly CertificateCheck[];
}
