// scratch
export function dieboldMariano(_d: Float64Array, _h: number) {
  return { statistic: 0, pTwoSided: 1, pBetter: 1, pWorse: 1, nObservations: 1 };
}
export function clarkWest(..._a: unknown[]) {
  return { statistic: 0, pValue: 1 };
}
export function rankCorrelation(..._a: unknown[]) {
  return { statistic: 0, pValue: 1 };
}
export function binomialInterval(..._a: unknown[]): [number, number] {
  return [0.4, 0.6];
}
export function brierScores(..._a: unknown[]) {
  return { brier: 0.25, baseRate: 0.25 };
}
export function intervalScores(..._a: unknown[]) {
  return { coverage: 0.8, meanWidth: 1, winkler: 1, pinball: 1 };
}
export function reliabilityTable(..._a: unknown[]) {
  return [];
}
