import type { BreakerState, Dependency } from '../serving/dependency.ts';
import { Probe } from './probe.ts';

/** Longest that `GET /ready` waits for a dependency. */
export const PROBE_TIMEOUT_MS = 2000;
const PROBE_HOLDS_MS = 1000;

/** What a dependency said when it was asked. */
export interface DependencyState {
  readonly name: string;
  readonly status: 'up' | 'down';
  readonly required: boolean;
  readonly latency_ms: number;
  readonly breaker?: BreakerState;
  readonly problem?: string;
}

/** Asks everything that the API leans on, in bounded time and at most once a second. */
export class Readiness {
  readonly #probed: readonly { readonly dependency: Dependency; readonly probe: Probe }[];

  constructor(dependencies: readonly Dependency[]) {
    this.#probed = dependencies.map((dependency) => ({
      dependency,
      probe: new Probe(dependency.ping, PROBE_TIMEOUT_MS, dependency.isAtHand === true ? 0 : PROBE_HOLDS_MS),
    }));
  }

  /** Never fails: what is down is the answer. */
  state(): Promise<DependencyState[]> {
    return Promise.all(
      this.#probed.map(async ({ dependency: { name, required, breaker }, probe }) => {
        const { status, latencyMs, problem } = await probe.result();
        return {
          ...{ name, status, required, latency_ms: latencyMs },
          ...(breaker === undefined ? {} : { breaker: breaker() }),
          ...(problem === undefined ? {} : { problem }),
        };
      }),
    );
  }
}
