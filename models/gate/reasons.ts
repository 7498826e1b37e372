import type { SessionDate } from '../../domain/bar.ts';
import type { GateThresholds, GateVerdict, LeakageFindings, LossComparison } from '../../domain/gate.ts';

/** How a loss stands to another with which it has this ratio: "0.5% below naive's", with every digit that decides. */
export function beside(ratio: number, whose: string): string {
  if (ratio === 1) return `equal to ${whose}`;
  const percent = Math.abs(ratio - 1) * 100;
  // Enough digits that a difference which decides is never shown as none.
  const shown = percent >= 0.05 ? percent.toFixed(1) : percent.toPrecision(1);
  return `${shown}% ${ratio < 1 ? 'below' : 'above'} ${whose}`;
}

/** A number of days, with thousands separated. */
export function days(n: number): string {
  return count(n, 'day');
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

/** A probability with three digits that count. */
export function probability(p: number): string {
  return p < 0.0001 ? 'p < 0.0001' : `p = ${Number(p.toPrecision(3))}`;
}

/** What the verdict rests on. */
export function daysInWords(dates: readonly SessionDate[], needed: number): string {
  const span = `${days(dates.length)}, ${dates[0]} to ${dates.at(-1)}`;
  return dates.length < needed ? `Only ${span}, where ${needed} are needed to judge.` : `Judged on ${span}.`;
}

/** What the leakage gates found; of failed ones, each with its detail. */
export function leakageInWords({ passed, checks }: LeakageFindings): string {
  if (checks.length === 0) return 'Nothing was checked for leakage.';
  const failed = checks.filter((check) => !check.passed);
  if (failed.length > 0) {
    return `Leakage found by ${failed.map(({ name, detail }) => `${name} (${detail})`).join(', ')}.`;
  }
  if (!passed) return 'The leakage gate failed, with no check that says why.';
  return `Checked for leakage by ${checks.map(({ name }) => name).join(', ')}.`;
}

/** Why a candidate that was shrunk to nothing is not taken. */
export function equalToNaive(): string {
  return 'Equal to naive: it forecasts no change on every day, so there is nothing that it does better.';
}

/** A model's RMSE beside a baseline's. */
export function besideBaseline(
  { rmse, rmseRatio }: LossComparison,
  baseline: string,
  { maxRatio }: GateThresholds,
): string {
  const limit = rmseRatio <= maxRatio ? '' : `; the ratio may be ${maxRatio.toFixed(3)} at most`;
  return `Its RMSE of ${rmse.toPrecision(4)} is ${beside(rmseRatio, `${baseline}'s`)}${limit}.`;
}

/** Said where nothing is in production. */
export function noChampion(): string {
  return 'No champion to compare with.';
}

/** Said where what is in production forecast none of the same days. */
export function championElsewhere(kind: string): string {
  return `Not compared with the champion, ${kind}, which has no day in common.`;
}

/** A model's RMSE beside that of what is in production. */
export function besideChampion(
  { nDays, rmseRatio, dieboldMariano }: LossComparison,
  kind: string,
  { championWorseP }: GateThresholds,
): string {
  const where = `its RMSE is ${beside(rmseRatio, `that of the champion, ${kind},`)} on ${days(nDays)}`;
  if (dieboldMariano === undefined) return `Not found worse than the champion: ${where}.`;
  const { pWorse } = dieboldMariano;
  const verdict = pWorse < championWorseP ? 'Significantly worse' : 'Not significantly worse';
  return `${verdict} than the champion: ${where} (Diebold-Mariano ${probability(pWorse)}).`;
}

/** How often the 80% intervals held what came. */
export function coverageInWords(coverage: number, { maxCoverageError }: GateThresholds): string {
  const limit = `within ${Number((maxCoverageError * 100).toPrecision(3))} points of 80%`;
  return `${heldInWords(coverage)}; ${limit} is asked for.`;
}

/** What may be said about a candidate and naive. */
export function claimInWords(
  { beatsNaive, pValue, pAdjusted }: Pick<GateVerdict, 'beatsNaive' | 'pValue' | 'pAdjusted'>,
  { nKinds, nDecisions }: { readonly nKinds: number; readonly nDecisions: number },
): string {
  const family = `${count(nKinds, 'kind')} x ${count(nDecisions, 'decision')} of this run`;
  const found = `Diebold-Mariano ${probability(pValue)}, ${probability(pAdjusted)} when corrected for ${family}`;
  return `${beatsNaive ? 'Beats naive' : 'Not shown to beat naive'}: ${found}.`;
}

/** Why nothing can be said about a candidate and naive. */
export function untestedInWords(needed: number): string {
  return `Nothing is claimed against naive: that takes ${days(needed)} at this horizon.`;
}

/** Why a passing candidate was or was not chosen. */
export function choiceInWords(choice: {
  readonly isChosen: boolean;
  readonly nPassed: number;
  readonly basis: string;
  /** The kind chosen, and its loss over this one's. */
  readonly chosenKind: string;
  readonly ratioOfChosen: number;
}): string {
  const { isChosen, nPassed, basis, chosenKind, ratioOfChosen } = choice;
  if (isChosen && nPassed === 1) return 'Promoted: the only candidate that passed.';
  if (isChosen) return `Promoted: the lowest of ${nPassed} that passed, by ${basis}.`;
  if (ratioOfChosen === 1) return `Passed, but ${chosenKind} is as good and comes first, by ${basis}.`;
  return `Passed, but ${chosenKind} is better: ${beside(ratioOfChosen, 'its own')}, by ${basis}.`;
}

/** Why a baseline serves or does not. */
export function baselineInWords(serves: boolean, nCandidates: number, coverage: number): string {
  if (!serves) return 'A baseline: others are measured against it.';
  return `Promoted, as ${noneInWords(nCandidates)}. ${heldInWords(coverage)}.`;
}

/** The decision in one sentence, from the verdict on what was chosen. */
export function summaryInWords(
  { kind, comparisons, beatsNaive, pAdjusted }: GateVerdict,
  { fallback, nCandidates }: { readonly fallback: boolean; readonly nCandidates: number },
): string {
  if (fallback) return `${kind} serves with its calibrated interval: ${noneInWords(nCandidates)}.`;
  const { rmseRatio, nDays } = comparisons.naive;
  const claim = beatsNaive ? 'it beats naive' : 'it is not shown to beat naive';
  const where = `RMSE ${beside(rmseRatio, "naive's")} on ${days(nDays)}`;
  return `${kind} serves: ${where}; ${claim} (corrected ${probability(pAdjusted)}).`;
}

function heldInWords(coverage: number): string {
  return `Its 80% intervals held ${Number((coverage * 100).toFixed(2))}% of the outcomes`;
}

function noneInWords(nCandidates: number): string {
  if (nCandidates === 0) return 'there was no candidate';
  return nCandidates === 1 ? 'the one candidate was refused' : `all ${nCandidates} candidates were refused`;
}
