export { binomialInterval } from './binomial-interval.ts';
export { clarkWest } from './clark-west.ts';
export { dieboldMariano } from './diebold-mariano.ts';
export { brierScores, reliabilityTable } from './direction-reliability.ts';
export { holm } from './holm.ts';
export { intervalScores } from './interval-scores.ts';
export { poolByDate } from './pool-by-date.ts';
export { rankCorrelation } from './rank-correlation.ts';
