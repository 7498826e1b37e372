import type { TickerSummary } from '../../stores/bars/bar-store.ts';
import type { Colors } from '../output.ts';
import { plainTable } from './plain-table.ts';

/** What is held of each ticker. */
export function tickerTable(tickers: readonly TickerSummary[], colors: Colors): string {
  if (tickers.length === 0) return 'No prices are known yet: npx stockcast upload FILE';
  const columns = [
    { heading: 'ticker' },
    { heading: 'sector' },
    { heading: 'sessions', align: 'right' as const },
    { heading: 'first' },
    { heading: 'last' },
  ];
  const rows = tickers.map(({ ticker, sector, sessions, firstSession, lastSession }) => [
    colors.bold(ticker),
    sector,
    String(sessions),
    firstSession,
    lastSession,
  ]);
  return plainTable(columns, rows, colors);
}
