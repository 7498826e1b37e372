import type { LeakageFindings } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { adjust } from '../../market/adjustment.ts';
import { type EnsembleParameters, combineForecasts } from '../../models/ensemble/ensemble.ts';
import { outOfSample } from '../../models/evaluation/calibrated.ts';
import type { OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { type ShrunkForecasts, shrunk } from '../../models/evaluation/shrinkage.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { KINDS, type LearnedKind } from '../../models/kinds.ts';
import { checkLeakage } from '../../models/leakage/check-leakage.ts';
import type { PriceHistory } from '../../models/leakage/price-history.ts';
import { subjectOf } from '../../models/leakage/subject-of-learner.ts';

/** A ticker as a run sees it. */
export interface Ticker {
  readonly history: PriceHistory;
  readonly features: FeatureMatrix;
}

/** One kind's walk-forward forecasts of one ticker, judged as the gate judges them. */
export interface KindForecasts {
  readonly kind: string;
  readonly role: 'baseline' | 'candidate';
  readonly forecasts: OutOfSampleForecasts;
  readonly leakage: LeakageFindings;
}

/**
 * What a run over these tickers finds for one horizon: the forecasts of every kind, with the parameters and the window
 * that runs use by default. One list per ticker, in the order of the table of kinds.
 */
export async function allForecasts(
  tickers: readonly Ticker[],
  horizon: Horizon,
  seed: number,
  progress: (text: string) => void,
): Promise<KindForecasts[][]> {
  const panel = tickers.map(({ features }) => features);
  const series = new Map<string, readonly ShrunkForecasts[]>();
  const found = new Map<string, readonly LeakageFindings[]>();
  for (const kind of KINDS) {
    progress(`${kind.name}, ${horizon} sessions`);
    if ('learner' in kind) {
      await kind.learner.runtime?.load();
      series.set(kind.name, learned(kind, panel, horizon, seed));
      found.set(
        kind.name,
        found.get(kind.learner.name) ?? tickers.map(({ history }) => leakageOf(kind, history, horizon, seed)),
      );
    } else {
      const parameters = kind.parameters({}) as EnsembleParameters;
      const combine = (_: Ticker, i: number) => {
        const members = kind.members.map((member) => series.get(member)![i]!);
        return shrunk([combineForecasts(members, horizon, parameters).forecasts], horizon, kind.role)[0]!;
      };
      series.set(kind.name, tickers.map(combine));
      found.set(
        kind.name,
        tickers.map((_, i) => bothFindings(kind.members.map((member) => found.get(member)![i]!))),
      );
    }
  }
  return tickers.map((_, i) =>
    KINDS.map(({ name, role }) => ({
      kind: name,
      role,
      forecasts: outOfSample(series.get(name)![i]!, horizon),
      leakage: found.get(name)![i]!,
    })),
  );
}

function learned(
  { learner, pooled, role }: LearnedKind,
  panel: readonly FeatureMatrix[],
  horizon: Horizon,
  seed: number,
): ShrunkForecasts[] {
  const options = optionsOf(learner.defaults, seed);
  if (pooled) return shrunk(walkForward(learner, panel, horizon, options), horizon, role);
  return panel.flatMap((features) => shrunk(walkForward(learner, [features], horizon, options), horizon, role));
}

function leakageOf({ learner }: LearnedKind, history: PriceHistory, horizon: Horizon, seed: number): LeakageFindings {
  return checkLeakage(subjectOf(learner, history, horizon, optionsOf(learner.defaults, seed), adjust), { seed });
}

function optionsOf(parameters: LearnedKind['learner']['defaults'], seed: number) {
  return { window: DEFAULT_WINDOW, seed, parameters, scaleTargets: true };
}

function bothFindings(findings: readonly LeakageFindings[]): LeakageFindings {
  return { passed: findings.every(({ passed }) => passed), checks: findings.flatMap(({ checks }) => checks) };
}
