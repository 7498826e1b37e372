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

/** How a source is opened, and the setting without which it cannot be: it is undefined then. */
interface Opening {
  readonly needs?: string;
  readonly open: (settings: PriceSettings) => PriceSource | undefined;
}

/** Another source is one file and one line here, with its name in `LIVE_SOURCES`. */
const SOURCES: Readonly<Record<LiveSource, Opening>> = {
  yahoo: { open: ({ yahooUrl }) => yahooSource(yahooUrl) },
  'alpha-vantage': {
    needs: 'STOCKCAST_ALPHA_VANTAGE_KEY',
    open: ({ alphaVantageUrl: url, alphaVantageKey: key }) =>
      key === undefined ? undefined : alphaVantageSource(url, key),
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
   * @throws StockcastError SOURCE_UNKNOWN also when the source lacks its key
   */
  named(name: string): PriceSource | undefined {
    if (name === CSV_SOURCE) return undefined;
    const live = LIVE_SOURCES.find((candidate) => candidate === name);
    const kept = live && this.#open.get(live);
    if (kept !== undefined) return kept;
    const source = live && SOURCES[live].open(this.#settings);
    if (live === undefined || source === undefined) {
      throw new StockcastError('SOURCE_UNKNOWN', { source: name, known: this.#known() });
    }
    const made = resilient(source, this.#settings, this.#random);
    this.#open.set(live, made);
    return made;
  }

  /** The live sources that nothing is missing for. */
  usable(): LiveSource[] {
    return LIVE_SOURCES.filter((name) => SOURCES[name].open(this.#settings) !== undefined);
  }

  #known(): string[] {
    const usable = this.usable();
    const live = LIVE_SOURCES.map((name) => (usable.includes(name) ? name : `${name} (needs ${SOURCES[name].needs})`));
    return [CSV_SOURCE, ...live];
  }

  /** How the sources that were used have been doing. */
  health(): SourceHealth[] {
    return [...this.#open.values()].map((source) => source.health());
  }
}
