import type { TickerSummary } from '../stores/bars/bar-store.ts';

/** Known tickers as people and programs are given them, by the API and by the CLI. */
export function tickersAnswer(tickers: readonly TickerSummary[]) {
  return {
    tickers: tickers.map(({ ticker, sector, sessions, firstSession, lastSession }) => ({
      ticker,
      sector,
      sessions,
      first_session: firstSession,
      last_session: lastSession,
    })),
  };
}
