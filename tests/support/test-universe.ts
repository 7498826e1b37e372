import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../domain/context.ts';
import type { Services } from '../../serving/services.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';

const SAMPLE = new URL('../../data/sample/', import.meta.url);

/** The small universe of most tests: two tickers of the bundled prices, 600 sessions each. */
export const TEST_TICKERS = ['AAPL', 'MSFT'];
const TEST_SESSIONS = 600;

/** The newest `sessions` rows of each ticker of the bundled prices, as the text of a price file. */
export function samplePrices(tickers: readonly string[] = TEST_TICKERS, sessions: number = TEST_SESSIONS): string {
  const [header, ...rows] = readFileSync(new URL('prices.csv', SAMPLE), 'utf8').trim().split('\n');
  return `${[header, ...tickers.flatMap((ticker) => rows.filter((row) => row.startsWith(`${ticker},`)).slice(-sessions))].join('\n')}\n`;
}

/** Writes a text to a temporary file for the time of `body`. */
export async function withFile<T>(text: string | Uint8Array, body: (path: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'stockcast-test-'));
  try {
    const path = join(dir, 'prices.csv');
    writeFileSync(path, text);
    return await body(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Takes the test universe's prices in. */
export function takeInTestUniverse(services: Services, context: Context) {
  return withFile(samplePrices(), (pricesPath) =>
    takeInPrices(services, context, {
      pricesPath,
      pricesName: 'test-universe.csv',
      onBadRow: 'refuse',
      adjustSplits: false,
    }),
  );
}
