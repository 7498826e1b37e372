import type { AdjustedSeries } from '../../domain/bar.ts';
import { sessionOrdinal } from '../../domain/calendar.ts';
import { DEFAULT_THRESHOLDS } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { evaluate } from '../../models/evaluation/evaluate.ts';
import { quantiles } from '../../models/evaluation/metrics.ts';
import {
  INTERVAL_LEVELS,
  type IntervalSeries,
  type OutOfSampleForecasts,
} from '../../models/evaluation/out-of-sample.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { decide } from '../../models/gate/gate.ts';
import { kindNamed } from '../../models/kinds.ts';
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
      const ours = KINDS.map((kind) => ({ kind, forecasts: forecastsOf(kind, series, horizon) }));
      const faint = ours.map(({ kind, forecasts }) => ({
        kind,
        forecasts: withForecasts(forecasts, (i) => forecasts.yHat[i]! * FAINT, horizon),
      }));
      const known = [{ kind: 'oracle', forecasts: oracle(series, ours[0]!.forecasts, horizon, options.signalR2) }];
      return [ours, faint, known].map((candidates, i) => judge(FORECASTERS[i]!, candidates, horizon, options));
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

/** Out-of-sample forecasts of a kind, walk-forward with the defaults of a run. */
function forecastsOf(kindName: string, series: AdjustedSeries, horizon: Horizon): OutOfSampleForecasts {
  const kind = kindNamed(kindName);
  const options = { window: DEFAULT_WINDOW, seed: 1, parameters: kind.defaults };
  const { forecasts } = evaluate(kind, buildFeatures(series), horizon, options);
  const ordinals = Int32Array.from(forecasts.dates, sessionOrdinal);
  return withForecasts(
    { ...forecasts, ordinals, intervals: [], constantWidth: [] },
    (i) => forecasts.yHat[i]!,
    horizon,
  );
}

/** The forecast of one who knows how returns were made: r(t) (phi + phi^2 + ... + phi^horizon). */
function oracle(
  { dates, close }: AdjustedSeries,
  forecasts: OutOfSampleForecasts,
  horizon: Horizon,
  signalR2: number,
): OutOfSampleForecasts {
  const phi = Math.sqrt(signalR2);
  const share = (phi * (1 - phi ** horizon)) / (1 - phi);
  const first = dates.indexOf(forecasts.dates[0]!);
  return withForecasts(forecasts, (i) => share * Math.log(close[first + i]! / close[first + i - 1]!), horizon);
}

/** Other forecasts on the same days, with intervals around them. */
function withForecasts(
  forecasts: OutOfSampleForecasts,
  yHatOf: (i: number) => number,
  horizon: Horizon,
): OutOfSampleForecasts {
  const yHat = Float64Array.from(forecasts.y, (_, i) => yHatOf(i));
  const intervals = INTERVAL_LEVELS.map((level) => conformal(forecasts.y, yHat, level, horizon));
  return { ...forecasts, yHat, intervals, constantWidth: intervals };
}

const CALIBRATION_SESSIONS = 252;
const LEAST_RESIDUALS = 20;
const RECALIBRATE_EVERY = 5;
/** Half the width while there is nothing to calibrate on, as a log return: safely too wide. */
const UNKNOWN_WIDTH = 1;

/** Constant-width conformal intervals from the errors known by each day. */
function conformal(
  y: Float64Array,
  yHat: Float64Array,
  level: IntervalSeries['level'],
  horizon: Horizon,
): IntervalSeries {
  const errors = y.map((outcome, i) => Math.abs(outcome - yHat[i]!));
  let width = UNKNOWN_WIDTH;
  const widths = yHat.map((_, i) => {
    const known = i - horizon + 1;
    if (i % RECALIBRATE_EVERY === 0 && known >= LEAST_RESIDUALS) {
      width = quantiles(errors.slice(Math.max(0, known - CALIBRATION_SESSIONS), known), 101)[Math.round(level * 100)]!;
    }
    return width;
  });
  return { level, lower: yHat.map((at, i) => at - widths[i]!), upper: yHat.map((at, i) => at + widths[i]!) };
}
