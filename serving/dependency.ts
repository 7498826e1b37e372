/** Where a circuit breaker stands. */
export type BreakerState = 'closed' | 'half_open' | 'open';

/** Something that this process leans on: `GET /ready` asks for it and the metrics tell of it. */
export interface Dependency {
  /** In snake_case. */
  readonly name: string;
  /** Whether the API is of no use without it; what is not required only makes it poorer. */
  readonly required: boolean;
  /** Settles when it answers; may take as long as it likes, since whoever asks bounds the time. */
  readonly ping: () => Promise<unknown>;
  /** Known in this process: told as it is now, since to ask costs nobody anything. */
  readonly isAtHand?: boolean;
  /** Of what is called through a circuit breaker. */
  readonly breaker?: () => BreakerState;
}

/** What a cache has done since the process started. */
export interface CacheCounts {
  /** In snake_case. */
  readonly name: string;
  readonly hits: number;
  readonly misses: number;
  /** Answers that may have been outdated, since what they rest on could not be read. */
  readonly stale: number;
  /** Readings of the source that failed; absent where that is not counted. */
  readonly failedLoads?: number;
  /** Calls of the cache that processes share, which failed. */
  readonly sharedFailures?: number;
  /** How many entries it holds now. */
  readonly entries: number;
}
