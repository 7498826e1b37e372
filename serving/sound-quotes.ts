import { addSessions, isIsoDate, latestSessionOn, newYorkDate, sessionAt } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Quote } from '../domain/price-source.ts';
import { jumpInWords, priceJumps } from '../market/sources/price-jumps.ts';
import type { KnownClose, Quotes } from './quotes.ts';
import { type PriceParts, refreshPrices } from './refresh-prices.ts';
import { vantageOf } from './vantages.ts';

/** A source that knows but the day of a price may name a close that is some hours away. */
const MOST_AHEAD_MS = 24 * 60 * 60 * 1000;

/** Quotes that can be: of a time that can be, above zero, and without a jump from the newest close that no split explains. */
export class SoundQuotes implements Quotes {
  readonly #quotes: Quotes;
  readonly #parts: PriceParts;

  constructor(quotes: Quotes, parts: PriceParts) {
    this.#quotes = quotes;
    this.#parts = parts;
  }

  /** @throws StockcastError PRICES_REFUSED, and as the quotes beneath; as `refreshPrices` when a price jumps */
  async quote(context: Context, ticker: string, source: string, last: KnownClose): Promise<Quote> {
    const found = await this.#quotes.quote(context, ticker, source, last);
    const { price, at } = found;
    const refuse = (problems: string, advice = 'Ask again later, or another source') =>
      new StockcastError('PRICES_REFUSED', { ticker, source, problems, advice });
    if (!Number.isFinite(price) || price <= 0) throw refuse(`the price ${price} is not above zero`);
    const day = dayOf(at, context.clock.now());
    if (day === undefined) throw refuse(`a price is not of ${at}`);
    if (this.#jumps([], last, day, price).length === 0) return found;

    // A split of this very morning is not known yet: its session has not closed, so nothing was fetched.
    const { bars, prices } = this.#parts;
    await refreshPrices(this.#parts, context, { ticker, source, from: last.date });
    const vantage = vantageOf(context);
    const [events, series] = await Promise.all([
      bars.events(context, ticker, vantage),
      // What was known before may have been corrected since.
      bars.series(context, ticker, vantage, 1),
    ]);
    const close = series === undefined ? last : { date: series.dates[0]!, price: series.close[0]! };
    const jumps = this.#jumps(events, close, day, price);
    if (jumps.length === 0) return found;
    const raise = `if the price is right, raise STOCKCAST_PRICE_MAX_JUMP (${prices.settings.maxJump})`;
    throw refuse(jumps.map(jumpInWords).join('; '), `Upload the split as an event; ${raise}`);
  }

  // Years later a price may be any multiple; only from one session to the next a jump says something.
  #jumps(
    events: Parameters<typeof priceJumps>[1],
    last: Pick<KnownClose, 'date' | 'price'>,
    day: string,
    price: number,
  ): ReturnType<typeof priceJumps> {
    const session = latestSessionOn(day);
    if (last.date > session || last.date < addSessions(session, -1)) return [];
    const closes = [
      { date: last.date, close: last.price },
      { date: session, close: price },
    ];
    return priceJumps(closes, events, this.#parts.prices.settings.maxJump);
  }
}

/** The day of a quote in New York; undefined where a price can't be of that time. */
function dayOf(at: string, now: Date): string | undefined {
  const instant = new Date(at);
  if (!(instant.getTime() <= now.getTime() + MOST_AHEAD_MS)) return undefined;
  const day = newYorkDate(instant);
  // The second session is the first with one before it.
  return isIsoDate(day) && day >= sessionAt(1) ? day : undefined;
}
