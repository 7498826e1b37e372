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

/** Another source is one file and one line here, with its name in `LIVE_SOURCES`. */
const SOURCES: Readonly<Record<LiveSource, (settings: PriceSettings) => PriceSource>> = {
  yahoo: ({ yahooUrl }) => yahooSource(yahooUrl),
  'alpha-vantage': ({ alphaVantageUrl, alphaVantageKey }) => {
    if (alphaVantageKey !== undefined) return alphaVantageSource(alphaVantageUrl, alphaVantageKey);
    throw new StockcastError('CONFIG_INVALID', {
      problems: 'alpha-vantage needs a key: set STOCKCAST_ALPHA_VANTAGE_KEY',
    });
  },
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
   * @throws StockcastError SOURCE_UNKNOWN, CONFIG_INVALID when the source lacks its key
   */
  named(name: string): PriceSource | undefined {
    if (name === CSV_SOURCE) return undefined;
    const live = LIVE_SOURCES.find((candidate) => candidate === name);
    if (live === undefined) {
      throw new StockcastError('SOURCE_UNKNOWN', { source: name, known: [CSV_SOURCE, ...LIVE_SOURCES] });
    }
    const kept = this.#open.get(live);
    if (kept !== undefined) return kept;
    const made = resilient(SOURCES[live](this.#settings), this.#settings, this.#random);
    this.#open.set(live, made);
    return made;
  }

  /** How the sources that were used have been doing. */
  health(): SourceHealth[] {
    return [...this.#open.values()].map((source) => source.health());
  }
}
