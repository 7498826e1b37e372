import { DEFAULT_PRICE_SETTINGS, type PriceSettings } from '../../domain/price-source.ts';

/** Settings that reach Yahoo's double, patient with a busy machine, quick to try again. */
export function pricesFrom(yahooUrl: string, changes: Partial<PriceSettings> = {}): PriceSettings {
  return {
    ...DEFAULT_PRICE_SETTINGS,
    yahooUrl,
    timeoutMs: 30_000,
    patienceMs: 60_000,
    retries: 1,
    backoffMs: 1,
    rate: 1000,
    breakerFailures: 4,
    breakerMs: 1,
    ...changes,
  };
}
