import type { GateDecision, GateVerdict } from '../../domain/gate.ts';
import { lossRatio } from '../evaluation/metrics.ts';
import { daysToClaim, enoughDays, isFreeOfLeakage } from './checks.ts';
import { type Claim, claims } from './claims.ts';
import { type Contender, unusable } from './contender.ts';
import { type JudgeOptions, type Judged, judge } from './judge.ts';
import { type Ranking, rank } from './ranking.ts';
import { baselineInWords, choiceInWords, claimInWords, summaryInWords, untestedInWords } from './reasons.ts';

/** Everything that decides what serves one ticker and horizon. */
export interface GateInput extends JudgeOptions {
  /** Every kind that the run trained, refused or not, in the order of the table of kinds; `naive` among them. */
  readonly contenders: readonly Contender[];
  /** How many tickers and how many horizons the run decides about, these included. */
  readonly nTickers: number;
  readonly nHorizons: number;
}

const FALLBACK = 'naive';

/**
 * Decides what serves one ticker and horizon: of the candidates that pass every check (`checks.ts`), the one with the
 * lowest RMSE on the days that all of them forecast, the first of equals; the naive forecast when none passes. Each
 * comparison is made on common days, since kinds can have forecast different ones. Pure: equal input, equal decision.
 * @throws StockcastError MODEL_INPUT_INVALID when naive is missing or a contender's forecasts can't be judged
 */
export function decide(input: GateInput): GateDecision {
  const { contenders, horizon, thresholds } = input;
  const naive = contenders.find(({ kind }) => kind === FALLBACK);
  if (naive === undefined) {
    throw unusable(FALLBACK, 'not among the contenders, though it serves when no candidate passes');
  }
  const judged = contenders.map((contender) => judge(contender, input));
  const candidates = judged.filter(({ contender }) => contender.role === 'candidate');
  const ranking = rank(
    candidates.filter(({ passed }) => passed),
    (nDays) => enoughDays(nDays, horizon, thresholds),
  );
  const chosen = ranking.best?.contender ?? naive;
  const family = {
    nKinds: candidates.length,
    nDecisions: input.nTickers * input.nHorizons,
    daysToClaim: daysToClaim(horizon, thresholds),
  };
  const claimed = claims(
    candidates.map(({ pValue }) => pValue ?? 1),
    family.nDecisions,
    thresholds.claimP,
  );

  const verdicts = judged.map((each): GateVerdict => {
    const isChosen = each.contender === chosen;
    const { reasons, ...finding } =
      each.contender.role === 'baseline'
        ? { beatsNaive: false, pAdjusted: 1, reasons: [baselineInWords(isChosen, candidates.length, each.coverage80)] }
        : candidateFinding(each, claimed[candidates.indexOf(each)]!, family, ranking);
    return {
      kind: each.contender.kind,
      modelId: each.contender.modelId,
      passed: each.passed,
      reasons: [...each.reasons, ...reasons],
      comparisons: each.comparisons,
      coverage80: each.coverage80,
      pValue: each.pValue ?? 1,
      ...finding,
      stage: isChosen ? 'production' : each.passed ? 'staging' : 'development',
    };
  });
  const fallback = ranking.best === undefined;
  const verdict = verdicts[contenders.indexOf(chosen)]!;
  const summary = summaryInWords(verdict, { fallback, nCandidates: candidates.length });
  return { kind: chosen.kind, modelId: chosen.modelId, fallback, verdicts, summary };
}

function candidateFinding(
  judged: Judged,
  { claimed, pAdjusted }: Claim,
  family: { readonly nKinds: number; readonly nDecisions: number; readonly daysToClaim: number },
  { best, lossOf, basis }: Ranking,
): Pick<GateVerdict, 'beatsNaive' | 'pAdjusted' | 'reasons'> {
  const { contender, comparisons, pValue, passed } = judged;
  // A model that knew the future beats naive and proves nothing.
  const isClean = isFreeOfLeakage(contender.leakage);
  const beatsNaive = claimed && isClean;
  const reasons: string[] = [];
  if (isClean && pValue !== undefined) reasons.push(claimInWords({ beatsNaive, pValue, pAdjusted }, family));
  else if (isClean && comparisons.naive.dieboldMariano !== undefined) reasons.push(untestedInWords(family.daysToClaim));
  if (passed && best !== undefined) {
    reasons.push(
      choiceInWords({
        isChosen: judged === best,
        nPassed: lossOf.size,
        basis,
        chosenKind: best.contender.kind,
        ratioOfChosen: lossRatio(lossOf.get(best)!, lossOf.get(judged)!),
      }),
    );
  }
  return { beatsNaive, pAdjusted, reasons };
}
