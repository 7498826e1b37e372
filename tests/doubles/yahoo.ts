import type { IncomingMessage } from 'node:http';
import type { CorporateEvent } from '../../domain/bar.ts';
import { closeOf } from '../../domain/calendar.ts';
import type { FetchedBar } from '../../market/sources/price-source.ts';
import { type ProviderAnswer, type ProviderDouble, startProvider } from './provider.ts';

const COOKIE = 'A3=d=AQABBKx&S=AQAAAtest';
const HALF_DAY_SECONDS = 6.5 * 3600;

/** What Yahoo's double knows of a ticker. */
export interface YahooTicker {
  /** Sessions as traded, ascending; null stands where Yahoo has nothing. */
  readonly bars: readonly FetchedBar[];
  readonly events?: readonly CorporateEvent[];
  readonly quote?: { readonly price: number; readonly at: Date };
  readonly currency?: string;
}

/** Yahoo's double, with what it knows; what tests put in or change is told from then on. */
export interface YahooDouble extends ProviderDouble {
  readonly tickers: Map<string, YahooTicker>;
  /** Makes the crumb that was given out worthless, as Yahoo does from time to time. */
  forgetCrumb(): void;
}

/**
 * Starts a double of Yahoo Finance that speaks its wire format: the chart endpoint of v8 with prices adjusted for splits
 * in single precision and events beside them, quotes of v7 for those with cookie and crumb, errors in its own shape.
 */
export async function startYahoo(tickers: Readonly<Record<string, YahooTicker>> = {}): Promise<YahooDouble> {
  const known = new Map(Object.entries(tickers));
  let nCrumbs = 1;
  const crumb = () => `Crumb.${nCrumbs}`;
  const answer = (url: URL, request: IncomingMessage): ProviderAnswer => {
    const { pathname, searchParams } = url;
    const hasCookie = request.headers.cookie?.includes(COOKIE) === true;
    if (pathname.startsWith('/quote/')) {
      const cookie = `${COOKIE}; Expires=Fri, 1 Jan 2100 00:00:00 GMT; Max-Age=31557600; Domain=.yahoo.com; Path=/; SameSite=None; Secure; HttpOnly`;
      return { status: 200, headers: { 'Content-Type': 'text/html', 'Set-Cookie': cookie }, body: '<html></html>' };
    }
    if (pathname === '/v1/test/getcrumb') {
      if (!hasCookie) return failure(401, 'finance', 'Unauthorized', 'Invalid Cookie');
      return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: crumb() };
    }
    if (pathname === '/v7/finance/quote') {
      if (!hasCookie || searchParams.get('crumb') !== crumb()) {
        return failure(401, 'finance', 'Unauthorized', 'Invalid Crumb');
      }
      const symbols = (searchParams.get('symbols') ?? '').split(',');
      const result = symbols.flatMap((symbol) => quotesOf(symbol, known.get(symbol)));
      return { status: 200, body: JSON.stringify({ quoteResponse: { result, error: null } }) };
    }
    if (pathname.startsWith('/v8/finance/chart/')) {
      const symbol = decodeURIComponent(pathname.split('/').at(-1)!);
      const ticker = known.get(symbol);
      if (ticker === undefined) {
        return failure(404, 'chart', 'Not Found', 'No data found, symbol may be delisted');
      }
      const [from, to] = [Number(searchParams.get('period1')), Number(searchParams.get('period2'))];
      return {
        status: 200,
        body: JSON.stringify({ chart: { result: [chartOf(symbol, ticker, from, to)], error: null } }),
      };
    }
    return { status: 404, headers: { 'Content-Type': 'text/html' }, body: '<html>Not Found</html>' };
  };
  const provider = await startProvider(answer);
  const forgetCrumb = () => {
    nCrumbs++;
  };
  return Object.assign(provider, { tickers: known, forgetCrumb });
}

function failure(status: number, topic: string, code: string, description: string): ProviderAnswer {
  return { status, body: JSON.stringify({ [topic]: { result: null, error: { code, description } } }) };
}

// Yahoo stamps a daily row with the opening of its session.
function openingOf(date: string): number {
  return closeOf(date).getTime() / 1000 - HALF_DAY_SECONDS;
}

function chartOf(symbol: string, { bars, events = [], currency = 'USD' }: YahooTicker, from: number, to: number) {
  const seen = bars.filter(({ date }) => openingOf(date) >= from && openingOf(date) < to);
  const splits = events.filter(({ kind }) => kind === 'split');
  const sharesSince = (day: string) =>
    splits.reduce((product, { date, value }) => (date > day ? product * value : product), 1);
  const inWindow = (kind: CorporateEvent['kind']) =>
    events.filter((event) => event.kind === kind && openingOf(event.date) >= from && openingOf(event.date) < to);
  const column = (pick: (bar: FetchedBar) => number | null) =>
    seen.map((bar) => {
      const value = pick(bar);
      return value === null ? null : Math.fround(value / sharesSince(bar.date));
    });
  const dividends = inWindow('dividend').map(({ date, value }) => [
    String(openingOf(date)),
    { amount: Number((value / sharesSince(date)).toFixed(6)), date: openingOf(date) },
  ]);
  const splitEntries = inWindow('split').map(({ date, value }) => {
    const [numerator, denominator] = value >= 1 ? [value, 1] : [1, Math.round(1 / value)];
    return [
      String(openingOf(date)),
      { date: openingOf(date), numerator, denominator, splitRatio: `${numerator}:${denominator}` },
    ];
  });
  const period = { timezone: 'EST', start: 1362148200, end: 1362171600, gmtoffset: -18000 };
  const last = bars.at(-1);
  return {
    meta: {
      currency,
      symbol,
      exchangeName: 'NMS',
      fullExchangeName: 'NasdaqGS',
      instrumentType: 'EQUITY',
      firstTradeDate: 345479400,
      regularMarketTime: last === undefined ? 1362171600 : openingOf(last.date) + HALF_DAY_SECONDS,
      hasPrePostMarketData: true,
      gmtoffset: -18000,
      timezone: 'EST',
      exchangeTimezoneName: 'America/New_York',
      regularMarketPrice: last?.close ?? 1,
      chartPreviousClose: 1,
      priceHint: 2,
      currentTradingPeriod: { pre: period, regular: period, post: period },
      dataGranularity: '1d',
      range: '',
      validRanges: ['1d', '5d', '1mo', '3mo', '6mo', '1y', '2y', '5y', '10y', 'ytd', 'max'],
    },
    ...(seen.length === 0 ? {} : { timestamp: seen.map(({ date }) => openingOf(date)) }),
    ...(dividends.length + splitEntries.length === 0
      ? {}
      : {
          events: {
            ...(dividends.length === 0 ? {} : { dividends: Object.fromEntries(dividends) }),
            ...(splitEntries.length === 0 ? {} : { splits: Object.fromEntries(splitEntries) }),
          },
        }),
    indicators:
      seen.length === 0
        ? { quote: [{}], adjclose: [{}] }
        : {
            quote: [
              {
                open: column((bar) => bar.open),
                high: column((bar) => bar.high),
                low: column((bar) => bar.low),
                close: column((bar) => bar.close),
                volume: seen.map(({ date, volume }) =>
                  volume === null ? null : Math.round(volume * sharesSince(date)),
                ),
              },
            ],
            adjclose: [{ adjclose: column((bar) => bar.close) }],
          },
  };
}

function quotesOf(symbol: string, ticker: YahooTicker | undefined) {
  const last = ticker?.bars.at(-1);
  const price = ticker?.quote?.price ?? last?.close;
  if (ticker === undefined || price === undefined || price === null) return [];
  const at = ticker.quote?.at ?? closeOf(last!.date);
  return [
    {
      language: 'en-US',
      region: 'US',
      quoteType: 'EQUITY',
      typeDisp: 'Equity',
      quoteSourceName: 'Nasdaq Real Time Price',
      triggerable: true,
      customPriceAlertConfidence: 'HIGH',
      currency: ticker.currency ?? 'USD',
      marketState: 'REGULAR',
      tradeable: false,
      cryptoTradeable: false,
      exchange: 'NMS',
      shortName: symbol,
      longName: symbol,
      messageBoardId: 'finmb_1',
      exchangeTimezoneName: 'America/New_York',
      exchangeTimezoneShortName: 'EST',
      gmtOffSetMilliseconds: -18000000,
      market: 'us_market',
      esgPopulated: false,
      hasPrePostMarketData: true,
      firstTradeDateMilliseconds: 345479400000,
      priceHint: 2,
      regularMarketPrice: price,
      regularMarketTime: Math.round(at.getTime() / 1000),
      fullExchangeName: 'NasdaqGS',
      sourceInterval: 15,
      exchangeDataDelayedBy: 0,
      symbol,
    },
  ];
}
