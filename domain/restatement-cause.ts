import type { SessionDate } from './bar.ts';
import { addSessions, isSession, latestSessionOn, sessionOrdinal } from './calendar.ts';
import {
  type ChangedEvent,
  type ChangedSession,
  type ImpliedAdjustment,
  RESTATED_COLUMNS,
  type RestatementCause,
  type SessionRun,
  type TickerRestatement,
} from './restatement.ts';

const PRICES = ['open', 'high', 'low', 'close'] as const;
/** Closes that must share a factor, one after the other, to be taken for adjusted by it. */
const LEAST_SHARED = 5;
/** Half a cent that a price may be off by rounding. */
const HALF_CENT = 0.0051;
/** How well a factor is told from a few rounded closes. */
const FACTOR_ERROR = 1e-4;
/** The largest share of a price that is taken for a dividend. */
const LARGEST_DIVIDEND = 0.25;
/** New shares for old ones, as splits come. */
const SPLITS = [
  ...range(2, 100).map((n) => [n, 1] as const),
  [3, 2] as const,
  [5, 2] as const,
  [4, 3] as const,
  [5, 3] as const,
  [5, 4] as const,
];

/**
 * Describes how one ticker's history was changed. Closes that were multiplied by one factor over a stretch look like a
 * split (k:1, reverse, or a small fraction) or a dividend applied to what lies before its ex-date, the session after the
 * stretch; a factor that steps up along the way like several. All else is corrections.
 * @param changes ascending by date; sessions in which prices or volume differ
 */
export function describeRestatement(
  ticker: string,
  changes: readonly ChangedSession[],
  events: readonly ChangedEvent[],
): TickerRestatement {
  const sizes = changes.map(sizeOf).sort((a, b) => a - b);
  const { adjustments, explained } = impliedAdjustments(changes);
  const corrections = changes.length - explained;
  return {
    ticker,
    sessions: changes.length,
    runs: runsOf(changes.map(({ date }) => date)),
    maxChange: sizes.at(-1) ?? 0,
    medianChange: sizes.length === 0 ? 0 : (sizes[(sizes.length - 1) >> 1]! + sizes[sizes.length >> 1]!) / 2,
    columns: RESTATED_COLUMNS.filter((column) => changes.some(({ before, after }) => before[column] !== after[column])),
    cause: causeOf(adjustments, changes.length),
    adjustments,
    corrections,
    events,
  };
}

function causeOf(adjustments: readonly ImpliedAdjustment[], nChanges: number): RestatementCause {
  const kinds = new Set(adjustments.map(({ kind }) => kind));
  const [only] = kinds;
  if (kinds.size > 1) return 'adjustments';
  return only ?? (nChanges === 0 ? 'events' : 'corrections');
}

function sizeOf({ before, after }: ChangedSession): number {
  return Math.max(...PRICES.map((column) => Math.abs(after[column] / before[column] - 1)));
}

/** Dates that follow each other on the exchange, as runs; a date that is no session stands alone. */
function runsOf(dates: readonly SessionDate[]): SessionRun[] {
  const runs: { from: SessionDate; to: SessionDate; sessions: number }[] = [];
  for (const date of dates) {
    const last = runs.at(-1);
    if (last !== undefined && follows(last.to, date)) {
      last.to = date;
      last.sessions += 1;
    } else runs.push({ from: date, to: date, sessions: 1 });
  }
  return runs;
}

function follows(before: SessionDate, date: SessionDate): boolean {
  return isSession(before) && isSession(date) && sessionOrdinal(date) === sessionOrdinal(before) + 1;
}

/** Sessions whose closes share a factor. */
interface Stretch {
  readonly last: ChangedSession;
  readonly factor: number;
  readonly sessions: number;
}

function impliedAdjustments(changes: readonly ChangedSession[]): {
  readonly adjustments: ImpliedAdjustment[];
  readonly explained: number;
} {
  const stretches = stretchesOf(changes);
  const adjustments: ImpliedAdjustment[] = [];
  let explained = 0;
  // From the newest back: each stretch has the adjustments of those after it, and one of its own.
  let factorAfter = 1;
  for (const { last, factor, sessions } of stretches.reverse()) {
    const implied = adjustmentOf(last, factor / factorAfter);
    if (implied === undefined) continue;
    adjustments.unshift(implied);
    explained += sessions;
    factorAfter = factor;
  }
  return { adjustments, explained };
}

function stretchesOf(changes: readonly ChangedSession[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (let i = 0; i + LEAST_SHARED <= changes.length; ) {
    const factor = sharedFactor(changes.slice(i, i + LEAST_SHARED));
    if (factor === undefined) {
      i += 1;
      continue;
    }
    // A session that was corrected besides stands within the stretch without ending it.
    const members: ChangedSession[] = [];
    let end = i;
    for (let j = i; j < changes.length && j - end < LEAST_SHARED; j++) {
      if (!has(changes[j]!, factor)) continue;
      members.push(changes[j]!);
      end = j + 1;
    }
    stretches.push({ last: members.at(-1)!, factor: medianRatio(members), sessions: members.length });
    i = end;
  }
  return stretches;
}

/** The factor by which all these closes were multiplied, beyond what rounding may do; undefined where there is none. */
function sharedFactor(changes: readonly ChangedSession[]): number | undefined {
  const median = medianRatio(changes);
  // A few rounded closes tell a factor badly; that of a split is known exactly.
  const ratio = splitNear(median, changes.at(-1)!.after.close);
  const factor = ratio === undefined ? median : 1 / ratio;
  const isShared = changes.every((change) => has(change, factor) && !has(change, 1));
  return isShared ? factor : undefined;
}

function has({ before, after }: ChangedSession, factor: number): boolean {
  const expected = before.close * factor;
  return Math.abs(after.close - expected) <= HALF_CENT * (1 + factor) + FACTOR_ERROR * expected;
}

function medianRatio(changes: readonly ChangedSession[]): number {
  const ratios = changes.map(({ before, after }) => after.close / before.close).sort((a, b) => a - b);
  return ratios[ratios.length >> 1]!;
}

function adjustmentOf(last: ChangedSession, factor: number): ImpliedAdjustment | undefined {
  const exDate = addSessions(latestSessionOn(last.date), 1);
  const ratio = splitNear(factor, last.after.close);
  if (ratio !== undefined) return { exDate, kind: 'split', value: ratio, factor };
  const share = 1 - factor;
  if (share <= 0 || share > LARGEST_DIVIDEND) return undefined;
  return { exDate, kind: 'dividend', value: last.before.close * share, factor };
}

/** The split that divides closes near `close` by a factor, within what rounding may do: new shares per old one. */
function splitNear(factor: number, close: number): number | undefined {
  const tolerance = 2 * FACTOR_ERROR + HALF_CENT / close;
  for (const [shares, old] of SPLITS) {
    if (Math.abs((factor * shares) / old - 1) <= tolerance) return shares / old;
    if (Math.abs((factor * old) / shares - 1) <= tolerance) return old / shares;
  }
  return undefined;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
