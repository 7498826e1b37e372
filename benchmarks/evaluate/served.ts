import type { SessionDate } from '../../domain/bar.ts';
import { DEFAULT_THRESHOLDS } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { IntervalSeries, OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { type GateInput, decide } from '../../models/gate/gate.ts';
import type { KindForecasts } from './forecasts.ts';

/** Sessions from one decision of the gate to the next: a month. */
const DECIDE_EVERY = 21;

/** What would have been served on each day, and by which kind. */
export interface Served {
  readonly forecasts: OutOfSampleForecasts;
  readonly kinds: readonly string[];
}

/**
 * What a system that promotes by the gate would have served, prequentially: at the first day and each month the gate
 * decides on the forecasts whose targets had matured by then, with what serves as the champion; until the next decision
 * each day is forecast by the kind that it chose. A day that this kind has no forecast for is forecast by naive.
 * @param kinds all kinds of one ticker, `naive` among them, whose days are those that are served
 */
export function servedForecasts(
  kinds: readonly KindForecasts[],
  horizon: Horizon,
  from: SessionDate,
  family: Pick<GateInput, 'nTickers' | 'nHorizons'>,
): Served {
  const naive = kinds.find(({ kind }) => kind === 'naive')!;
  const { dates, ordinals } = naive.forecasts;
  const rowsOf = new Map(kinds.map(({ kind, forecasts }) => [kind, rowsBySession(forecasts)]));
  let serving = naive;
  let decidedAt = Number.NEGATIVE_INFINITY;
  const days: { readonly by: KindForecasts; readonly row: number }[] = [];
  for (let row = 0; row < dates.length; row++) {
    if (dates[row]! < from) continue;
    const ordinal = ordinals[row]!;
    if (ordinal - decidedAt >= DECIDE_EVERY) {
      serving = chosenAt(kinds, serving, ordinal - horizon, horizon, family) ?? naive;
      decidedAt = ordinal;
    }
    const own = rowsOf.get(serving.kind)!.get(ordinal);
    days.push(own === undefined ? { by: naive, row } : { by: serving, row: own });
  }
  return { forecasts: gathered(days), kinds: days.map(({ by }) => by.kind) };
}

/** What the gate chooses from forecasts up to a session; undefined while there is nothing to judge. */
function chosenAt(
  kinds: readonly KindForecasts[],
  serving: KindForecasts,
  upTo: number,
  horizon: Horizon,
  family: Pick<GateInput, 'nTickers' | 'nHorizons'>,
): KindForecasts | undefined {
  const known = kinds.map((each) => ({ ...each, modelId: each.kind, forecasts: until(each.forecasts, upTo) }));
  const judgeable = known.filter(({ forecasts }) => forecasts.y.length > 0);
  if (!judgeable.some(({ kind }) => kind === 'naive')) return undefined;
  const champion = judgeable.find(({ kind }) => kind === serving.kind && kind !== 'naive');
  const { kind } = decide({
    horizon,
    contenders: judgeable,
    thresholds: DEFAULT_THRESHOLDS,
    ...family,
    ...(champion === undefined ? {} : { champion }),
  });
  return kinds.find((each) => each.kind === kind);
}

function rowsBySession({ ordinals }: OutOfSampleForecasts): Map<number, number> {
  return new Map(Array.from(ordinals, (ordinal, row) => [ordinal, row]));
}

/** The forecasts made up to a session. */
function until(forecasts: OutOfSampleForecasts, upTo: number): OutOfSampleForecasts {
  const { ordinals } = forecasts;
  const n = ordinals.findLastIndex((ordinal) => ordinal <= upTo) + 1;
  return rowRange(forecasts, 0, n);
}

/** Rows `[from, to)` of forecasts. */
export function rowRange(forecasts: OutOfSampleForecasts, from: number, to: number): OutOfSampleForecasts {
  const part = ({ level, lower, upper }: IntervalSeries) => ({
    level,
    lower: lower.subarray(from, to),
    upper: upper.subarray(from, to),
  });
  return {
    dates: forecasts.dates.slice(from, to),
    ordinals: forecasts.ordinals.subarray(from, to),
    y: forecasts.y.subarray(from, to),
    yHat: forecasts.yHat.subarray(from, to),
    naive: forecasts.naive.subarray(from, to),
    drift: forecasts.drift.subarray(from, to),
    intervals: forecasts.intervals.map(part),
    constantWidth: forecasts.constantWidth.map(part),
  };
}

/** Days of several kinds' forecasts as one series. */
function gathered(days: readonly { readonly by: KindForecasts; readonly row: number }[]): OutOfSampleForecasts {
  const column = (name: 'y' | 'yHat' | 'naive' | 'drift') =>
    Float64Array.from(days, ({ by, row }) => by.forecasts[name][row]!);
  const intervals = (name: 'intervals' | 'constantWidth') =>
    (days[0]?.by.forecasts[name] ?? []).map(({ level }, i) => ({
      level,
      lower: Float64Array.from(days, ({ by, row }) => by.forecasts[name][i]!.lower[row]!),
      upper: Float64Array.from(days, ({ by, row }) => by.forecasts[name][i]!.upper[row]!),
    }));
  return {
    dates: days.map(({ by, row }) => by.forecasts.dates[row]!),
    ordinals: Int32Array.from(days, ({ by, row }) => by.forecasts.ordinals[row]!),
    y: column('y'),
    yHat: column('yHat'),
    naive: column('naive'),
    drift: column('drift'),
    intervals: intervals('intervals'),
    constantWidth: intervals('constantWidth'),
  };
}
