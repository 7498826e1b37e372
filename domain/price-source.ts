import type { Instant } from './bar.ts';

/** What is uploaded or bundled: needs no network and is never asked for anything newer. */
export const CSV_SOURCE = 'csv';

/** The live sources, by the names that people use; `market/sources/sources.ts` says how each is spoken to. */
export const LIVE_SOURCES = ['yahoo', 'alpha-vantage'] as const;
export type LiveSource = (typeof LIVE_SOURCES)[number];
export type SourceName = typeof CSV_SOURCE | LiveSource;

/** How live sources are reached, and how much is put up with. */
export interface PriceSettings {
  /** The source of requests that name none. */
  readonly source: SourceName;
  /** Where Yahoo is reached instead of at its own addresses, such as a proxy. */
  readonly yahooUrl: string | undefined;
  readonly alphaVantageUrl: string;
  /** Without it, Alpha Vantage cannot be used. */
  readonly alphaVantageKey: string | undefined;
  /** Longest time of one attempt. */
  readonly timeoutMs: number;
  /** Further attempts after a failed one. */
  readonly retries: number;
  /** The most that is waited before the first further attempt; doubles with each, to ten seconds. */
  readonly backoffMs: number;
  /** Calls a second, per source and process. */
  readonly rate: number;
  /** Failed attempts in a row after which a source is left alone. */
  readonly breakerFailures: number;
  /** For how long it is left alone before one call tries it again. */
  readonly breakerMs: number;
  /** Largest factor between two closes, up or down, that no split explains. */
  readonly maxJump: number;
  /** Longest time that a forecast waits for a source. */
  readonly patienceMs: number;
  /** How long a quote counts as current. */
  readonly quoteTtlMs: number;
}

/** What applies where nothing is configured. */
export const DEFAULT_PRICE_SETTINGS: PriceSettings = {
  source: CSV_SOURCE,
  yahooUrl: undefined,
  alphaVantageUrl: 'https://www.alphavantage.co',
  alphaVantageKey: undefined,
  timeoutMs: 5000,
  retries: 3,
  backoffMs: 250,
  rate: 2,
  breakerFailures: 5,
  breakerMs: 30_000,
  maxJump: 3,
  patienceMs: 2000,
  quoteTtlMs: 300_000,
};

/** The last price that a source knows of, in USD as traded, and when it was made. */
export interface Quote {
  readonly price: number;
  readonly at: Instant;
}

/** How a live source has been doing in this process. */
export interface SourceHealth {
  readonly name: string;
  /** `open`: left alone until `retryAt`; `half-open`: one call is trying it again. */
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Why the last failed attempt failed; cleared by a success. */
  readonly lastError?: string;
  /** When it may be asked again, while it is left alone or has asked for time. */
  readonly retryAt?: Instant;
  /** Counted since the process started. */
  readonly counts: {
    readonly calls: number;
    readonly attempts: number;
    readonly failedAttempts: number;
    /** Calls that ended without an answer, those that were not tried included. */
    readonly failedCalls: number;
    readonly breakerOpened: number;
  };
}
