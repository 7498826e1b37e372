import type { Figure } from '../figure.ts';
import { type Forecaster, HORIZONS, type Outcome } from './gate-universe.ts';

const MAX_FALSE_CLAIMS = 0.05;

/** What the gate decided in several universes made alike, from one forecaster's forecasts. */
export interface JudgedUniverses {
  /** Share of the variance of next-day returns that was planted; at 0 every claim is false. */
  readonly signalR2: number;
  readonly forecaster: Forecaster;
  /** Outcomes by universe. */
  readonly universes: readonly (readonly Outcome[])[];
}

/** The universes in words, as a case of the bench. */
export function caseOf(signalR2: number): string {
  return signalR2 === 0 ? 'random walk' : `planted R2 ${signalR2 * 100}%`;
}

/**
 * In percent: universes with at least one claim, with their 95% binomial interval; by horizon, decisions with a claim,
 * with a promotion, with an uncorrected p below 0.05, and the out-of-sample R2 of the best candidate.
 */
export function figuresOf({ signalR2, forecaster, universes }: JudgedUniverses): Figure[] {
  const figures: Figure[] = [];
  const add = (where: string, metric: string, share: number) =>
    figures.push({
      bench: 'gate',
      case: `${caseOf(signalR2)}${where}`,
      subject: forecaster,
      metric,
      value: share * 100,
      unit: '%',
    });
  const nClaiming = countClaiming(universes);
  const [low, high] = wilsonInterval(nClaiming, universes.length);
  add('', 'universes_claiming', nClaiming / universes.length);
  add('', 'claiming_low', low);
  add('', 'claiming_high', high);
  for (const horizon of HORIZONS) {
    const outcomes = universes.flat().filter((outcome) => outcome.horizon === horizon);
    const mean = (of: (outcome: Outcome) => number) =>
      outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length;
    const where = `/h${horizon}`;
    add(
      where,
      'claimed',
      mean(({ claimed }) => Number(claimed)),
    );
    add(
      where,
      'promoted',
      mean(({ promoted }) => Number(promoted)),
    );
    add(
      where,
      'uncorrected',
      mean(({ pValue }) => Number(pValue < 0.05)),
    );
    add(
      where,
      'best_r2',
      mean(({ r2 }) => r2),
    );
  }
  return figures;
}

/** Whether the gate kept its promise on random walks, in one sentence. */
export function verdictOn({ forecaster, universes }: JudgedUniverses): string {
  const nClaiming = countClaiming(universes);
  const [low] = wilsonInterval(nClaiming, universes.length);
  const isKept = nClaiming / universes.length <= MAX_FALSE_CLAIMS;
  const verdict = isKept ? 'kept' : low <= MAX_FALSE_CLAIMS ? 'missed, by no more than chance explains' : 'BROKEN';
  return `${forecaster}: ${nClaiming} of ${universes.length} random-walk universes with a false claim, 5% at most: ${verdict}.`;
}

function countClaiming(universes: JudgedUniverses['universes']): number {
  return universes.filter((outcomes) => outcomes.some(({ claimed }) => claimed)).length;
}

/**
 * The 95% confidence interval of a share by Wilson's score, within [0, 1].
 * Source: Edwin B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
 * American Statistical Association 22 (1927).
 */
export function wilsonInterval(successes: number, n: number): readonly [number, number] {
  const z = 1.959963984540054;
  const centre = (successes + (z * z) / 2) / (n + z * z);
  const half = (z / (n + z * z)) * Math.sqrt((successes * (n - successes)) / n + (z * z) / 4);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
