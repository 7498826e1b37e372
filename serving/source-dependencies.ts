import { StockcastError } from '../domain/errors.ts';
import type { BreakerState, Dependency } from './dependency.ts';
import type { LivePrices } from './live-prices.ts';

/** The live price sources that can be used as readiness and metrics see them; they are judged by how they did, not called. */
export function sourceDependencies(prices: LivePrices): Dependency[] {
  return prices.sources.usable().map((name) => {
    const health = () => prices.health().find((source) => source.name === name);
    const breaker = () => (health()?.breaker ?? 'closed').replace('-', '_') as BreakerState;
    return {
      name: `prices_${name.replace('-', '_')}`,
      required: false,
      breaker,
      ping: async () => {
        if (breaker() !== 'open') return;
        const problem = health()?.lastError ?? 'it failed too often';
        throw new StockcastError('SOURCE_UNAVAILABLE', { source: name, problem, retryAfterSeconds: 1 });
      },
    };
  });
}
