export { backfill } from './backfill.ts';
export { ingestPrices } from './ingest-prices.ts';
export { retrain } from './retrain.ts';
export { scoreForecasts } from './score-forecasts.ts';
export { searchParameters } from './search-parameters.ts';
export { trainPool } from './train-pool.ts';
export { trainTicker } from './train-ticker.ts';
export { trainUniverse } from './train-universe.ts';
