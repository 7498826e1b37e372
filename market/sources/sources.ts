import { StockcastError } from '../../domain/errors.ts';
import {
  CSV_SOURCE,
  type LiveSource,
  LIVE_SOURCES,
  type PriceSettings,
  type SourceHealth,
} from '../../domain/price-source.ts';
import { alphaVantageSource } from './alpha-vantage.ts';
import type { PriceSource } from './price-source.ts';
import { type ResilientSource, resilient } from './resilient.ts';
import { yahooSource } from './yahoo.ts';

/**
 * How each source is opened; undefined where its key is missing. Another source is one file and one line here, with its
 * name in `LIVE_SOURCES`.
 */
const SOURCES: Readonly<Record<LiveSource, (settings: PriceSettings) => PriceSource | undefined>> = {
  yahoo: ({ yahooUrl }) => yahooSource(yahooUrl),
  'alpha-vantage': ({ alphaVantageUrl, alphaVantageKey }) =>
    alphaVantageKey === undefined ? undefined : alphaVantageSource(alphaVantageUrl, alphaVantageKey),
};

/** The live sources of one process, each made at first use and kept with its breaker and its rate. */
export class PriceSources {
  readonly #settings: PriceSettings;
  readonly #random: (() => number) | undefined;
  readonly #open = new Map<LiveSource, ResilientSource>();

  /** @param random for the jitter of waits between attempts */
  constructor(settings: PriceSettings, random?: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /**
   * The source with a name; undefined for `csv`, which cannot be asked.
   * @throws StockcastError SOURCE_UNKNOWN also when the source lacks its key
   */
  named(name: string): PriceSource | undefined {
    if (name === CSV_SOURCE) return undefined;
    const live = LIVE_SOURCES.find((candidate) => candidate === name);
    const kept = live && this.#open.get(live);
    if (kept !== undefined) return kept;
    const source = live && SOURCES[live](this.#settings);
    if (live === undefined || source === undefined) {
      throw new StockcastError('SOURCE_UNKNOWN', { source: name, known: this.#usable() });
    }
    const made = resilient(source, this.#settings, this.#random);
    this.#open.set(live, made);
    return made;
  }

  #usable(): string[] {
    const key = this.#settings.alphaVantageKey === undefined ? ' (needs STOCKCAST_ALPHA_VANTAGE_KEY)' : '';
    return [CSV_SOURCE, ...LIVE_SOURCES].map((name) => (name === 'alpha-vantage' ? `${name}${key}` : name));
  }

  /** How the sources that were used have been doing. */
  health(): SourceHealth[] {
    return [...this.#open.values()].map((source) => source.health());
  }
}
