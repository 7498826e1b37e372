import type { CorporateEvent } from '../../domain/bar.ts';
import type { FetchedBar } from '../../market/sources/price-source.ts';
import { type ProviderAnswer, type ProviderDouble, startProvider } from './provider.ts';

/** What Alpha Vantage's double knows of a ticker. */
export interface AlphaVantageTicker {
  readonly bars: readonly FetchedBar[];
  readonly events?: readonly CorporateEvent[];
}

/** The double of Alpha Vantage; `refuse` makes it say so with status 200, as the real one does. */
export interface AlphaVantageDouble extends ProviderDouble {
  refuse(message: string | undefined): void;
}

const COMPACT = 100;

/** Starts a double that speaks Alpha Vantage's JSON: newest day first, numbers as text, errors with status 200. */
export async function startAlphaVantage(
  tickers: Readonly<Record<string, AlphaVantageTicker>>,
): Promise<AlphaVantageDouble> {
  let refusal: string | undefined;
  const provider = await startProvider(({ searchParams }): ProviderAnswer => {
    const ticker = tickers[searchParams.get('symbol') ?? ''];
    const json = (body: object): ProviderAnswer => ({ status: 200, body: JSON.stringify(body, null, 4) });
    if (refusal !== undefined) return json({ Information: refusal });
    if (searchParams.get('function') === 'GLOBAL_QUOTE') return json({ 'Global Quote': quoteOf(ticker) });
    if (ticker === undefined) {
      const message = 'Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY_ADJUSTED.';
      return json({ 'Error Message': message });
    }
    const newest = searchParams.get('outputsize') === 'full' ? ticker.bars : ticker.bars.slice(-COMPACT);
    return json({
      'Meta Data': { '1. Information': 'Daily Time Series with Splits and Dividend Events' },
      'Time Series (Daily)': Object.fromEntries([...newest].reverse().map((bar) => rowOf(bar, ticker.events ?? []))),
    });
  });
  const refuse = (message: string | undefined) => {
    refusal = message;
  };
  return Object.assign(provider, { refuse });
}

function rowOf(bar: FetchedBar, events: readonly CorporateEvent[]): [string, object] {
  const valueOf = (kind: string, otherwise: string) =>
    String(events.find((event) => event.date === bar.date && event.kind === kind)?.value ?? otherwise);
  return [
    bar.date,
    {
      '1. open': String(bar.open),
      '2. high': String(bar.high),
      '3. low': String(bar.low),
      '4. close': String(bar.close),
      '5. adjusted close': String(bar.close),
      '6. volume': String(bar.volume),
      '7. dividend amount': valueOf('dividend', '0.0000'),
      '8. split coefficient': valueOf('split', '1.0'),
    },
  ];
}

function quoteOf(ticker: AlphaVantageTicker | undefined) {
  const last = ticker?.bars.at(-1);
  if (last === undefined) return {};
  return { '01. symbol': 'X', '05. price': String(last.close), '07. latest trading day': last.date };
}
