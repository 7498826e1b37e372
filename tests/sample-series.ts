import { readFileSync } from 'node:fs';
import type { AdjustedSeries, Bar, CorporateEvent } from '../domain/bar.ts';
import { seriesOf } from '../domain/dataset.ts';
import { adjust } from '../market/adjustment.ts';

/** The bundled tickers. */
export const SAMPLE_TICKERS = ['AAPL', 'GOOG', 'IBM', 'MSFT'] as const;

/** The bundled prices of one ticker, adjusted by the bundled events; read without the checks that uploads pass. */
export function sampleSeries(ticker: string): AdjustedSeries {
  return adjust(seriesOf(sampleBars(ticker)), sampleEvents(ticker));
}

/** The bundled bars of one ticker, as traded. */
export function sampleBars(ticker: string): Bar[] {
  return rowsOf('prices.csv', ticker).map((row) => ({
    ticker,
    sector: row.sector!,
    date: row.date!,
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    volume: Number(row.volume),
  }));
}

/** The bundled splits and dividends of one ticker. */
export function sampleEvents(ticker: string): CorporateEvent[] {
  return rowsOf('events.csv', ticker).map((row) => ({
    ticker,
    date: row.date!,
    kind: row.kind === 'split' ? 'split' : 'dividend',
    value: Number(row.value),
  }));
}

interface Row {
  readonly [column: string]: string;
}

/** Rows by file and ticker, since many tests ask for the same few. */
const read = new Map<string, Map<string, Row[]>>();

function rowsOf(file: string, ticker: string): readonly Row[] {
  const rows = read.get(file) ?? readRows(file);
  read.set(file, rows);
  return rows.get(ticker) ?? [];
}

function readRows(file: string): Map<string, Row[]> {
  const text = readFileSync(new URL(`../data/sample/${file}`, import.meta.url), 'utf8');
  const [header, ...lines] = text.trim().split(/\r?\n/);
  const names = header!.split(',');
  const byTicker = new Map<string, Row[]>();
  for (const line of lines) {
    const cells = line.split(',');
    const row: Row = Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
    if (!byTicker.has(row.ticker!)) byTicker.set(row.ticker!, []);
    byTicker.get(row.ticker!)!.push(row);
  }
  return byTicker;
}
