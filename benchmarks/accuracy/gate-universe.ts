import type { AdjustedSeries } from '../../domain/bar.ts';
import { DEFAULT_THRESHOLDS } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { outOfSample } from '../../models/evaluation/calibrated.ts';
import type { OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { type RawForecasts, walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { shrunk } from '../../models/evaluation/shrinkage.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { decide } from '../../models/gate/gate.ts';
import { learnerNamed } from '../../models/kinds.ts';
import { simulatedUniverse, type UniverseOptions } from './simulated-universe.ts';

export const HORIZONS: readonly Horizon[] = [1, 10];
const KINDS = ['linear', 'random-forest'];
const FAINT = 0.01;

/** Whose forecasts the gate judges: those of our kinds; the same, shrunk to 1%; those of one who knows the signal. */
export const FORECASTERS = ['stockcast', 'faint', 'oracle'] as const;
export type Forecaster = (typeof FORECASTERS)[number];

/** What the gate decided about one ticker and horizon of a universe. */
export interface Outcome {
  readonly forecaster: Forecaster;
  readonly horizon: Horizon;
  /** Whether it said of any candidate that it beats naive. */
  readonly claimed: boolean;
  /** Whether a candidate was chosen, not naive. */
  readonly promoted: boolean;
  /** The lowest p of its candidates against naive, not corrected. */
  readonly pValue: number;
  /** 1 - squared errors over naive's of the best candidate, out of sample. */
  readonly r2: number;
}

/** Trains and judges every ticker and horizon of a simulated universe, as one run would. */
export function judgeUniverse(options: UniverseOptions): Outcome[] {
  return simulatedUniverse(options).flatMap((series) =>
    HORIZONS.flatMap((horizon) => {
      const raw = KINDS.map((kind) => ({ kind, raw: rawForecasts(kind, series, horizon) }));
      const ours = raw.map(({ kind, raw: forecasts }) => ({
        kind,
        forecasts: outOfSample(shrunk([forecasts], horizon, 'candidate')[0]!, horizon),
      }));
      const faint = raw.map(({ kind, raw: forecasts }) => ({
        kind,
        forecasts: asIs(scaled(forecasts, FAINT), horizon),
      }));
      const known = oracle(series, raw[0]!.raw, horizon, options.signalR2);
      const candidates = [ours, faint, [{ kind: 'oracle', forecasts: asIs(known, horizon) }]];
      return candidates.map((each, i) => judge(FORECASTERS[i]!, each, horizon, options));
    }),
  );
}

interface Forecasts {
  readonly kind: string;
  readonly forecasts: OutOfSampleForecasts;
}

function judge(
  forecaster: Forecaster,
  candidates: readonly Forecasts[],
  horizon: Horizon,
  { nTickers }: UniverseOptions,
): Outcome {
  // What is simulated knows nothing of the future; the leakage gates have tests of their own.
  const leakage = { passed: true, checks: [{ name: 'simulation', passed: true, detail: 'nothing to leak' }] };
  const { forecasts } = candidates[0]!;
  const naive = { kind: 'naive', modelId: 'naive', role: 'baseline' as const, leakage };
  const { fallback, verdicts } = decide({
    horizon,
    contenders: [
      { ...naive, forecasts: { ...forecasts, yHat: forecasts.naive } },
      ...candidates.map((each) => ({ ...each, modelId: each.kind, role: 'candidate' as const, leakage })),
    ],
    thresholds: DEFAULT_THRESHOLDS,
    nTickers,
    nHorizons: HORIZONS.length,
  });
  return {
    forecaster,
    horizon,
    claimed: verdicts.some(({ beatsNaive }) => beatsNaive),
    promoted: !fallback,
    pValue: Math.min(...verdicts.map(({ pValue }) => pValue)),
    r2: Math.max(...verdicts.slice(1).map(({ comparisons }) => 1 - comparisons.naive.rmseRatio ** 2)),
  };
}

/** Walk-forward forecasts of a kind with the defaults of a run. */
function rawForecasts(name: string, series: AdjustedSeries, horizon: Horizon): RawForecasts {
  const learner = learnerNamed(name);
  const options = { window: DEFAULT_WINDOW, seed: 1, parameters: learner.defaults, scaleTargets: true };
  return walkForward(learner, [buildFeatures(series)], horizon, options)[0]!;
}

/** The forecast of one who knows how returns were made: r(t) (phi + phi^2 + ... + phi^horizon). */
function oracle(
  { dates, close }: AdjustedSeries,
  forecasts: RawForecasts,
  horizon: Horizon,
  signalR2: number,
): RawForecasts {
  const phi = Math.sqrt(signalR2);
  const share = (phi * (1 - phi ** horizon)) / (1 - phi);
  const first = dates.indexOf(forecasts.dates[0]!);
  const raw = forecasts.raw.map((_, i) => share * Math.log(close[first + i]! / close[first + i - 1]!));
  return { ...forecasts, raw };
}

function scaled(forecasts: RawForecasts, factor: number): RawForecasts {
  return { ...forecasts, raw: forecasts.raw.map((value) => value * factor) };
}

/** Forecasts that nothing holds back, with their calibrated intervals. */
function asIs(forecasts: RawForecasts, horizon: Horizon): OutOfSampleForecasts {
  return outOfSample(shrunk([forecasts], horizon, 'baseline')[0]!, horizon);
}
