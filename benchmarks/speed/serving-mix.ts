import { addSessions, closeOf, latestClosedSession, sessionOrdinal, sessionAt } from '../../domain/calendar.ts';
import { seededRandom } from '../../models/random.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { type YahooDouble, startYahoo } from '../../tests/doubles/yahoo.ts';
import { type BenchReport, OURSELVES } from '../figure.ts';
import { load } from './load.ts';
import { startOurs } from './serving-subjects.ts';

const N_TICKERS = 200;
const N_SESSIONS = 120;
/** Drawn once; each connection asks for its share of them again and again. */
const N_REQUESTS = 1000;
const CONNECTIONS = 100;
const QUOTE_TTL_MS = 4000;
const WARM_UP_SECONDS = 10;
/** A quote that is asked for all the time expires eleven times. */
const SECONDS = 44;
const SEED = 7;

const tickerOf = (i: number) => `MIX${i + 1}`;

/**
 * Many tickers with live quotes: 200, asked for by Zipf's law (the k-th most wanted 1 / k as often as the first), with a
 * quote that is held for four seconds instead of five minutes, from a double of Yahoo in this process.
 */
export async function measureMix(stateDir: string, bench: string, report: BenchReport): Promise<void> {
  report.progress('serving: mix, taking in 200 tickers and training naive for them (once a session)');
  const newest = latestClosedSession(new Date());
  const yahoo = await startYahoo();
  try {
    await prepare(stateDir, newest);
    quoteAll(yahoo, newest);
    const api = await startOurs(stateDir, {
      STOCKCAST_PRICE_SOURCE: 'yahoo',
      STOCKCAST_YAHOO_URL: yahoo.url,
      STOCKCAST_PRICE_RATE: '10000',
      STOCKCAST_QUOTE_TTL_MS: String(QUOTE_TTL_MS),
    });
    try {
      const paths = zipfTickers().map((ticker) => `/predict/${ticker}?horizon=1`);
      const asked = { url: api.url, paths, connections: CONNECTIONS };
      await load({ ...asked, seconds: WARM_UP_SECONDS });
      const before = await quoteCounts(api.url);
      const result = await load({ ...asked, seconds: SECONDS });
      const after = await quoteCounts(api.url);
      const figure = { bench, case: `mix/c${CONNECTIONS}`, subject: OURSELVES };
      const hits = after.hits - before.hits;
      const all = hits + after.misses - before.misses + after.stale - before.stale;
      report.figure({ ...figure, metric: 'rps', value: result.rps, unit: '1/s' });
      report.figure({ ...figure, metric: 'p50_ms', value: result.p50Ms, unit: 'ms' });
      report.figure({ ...figure, metric: 'p95_ms', value: result.p95Ms, unit: 'ms' });
      report.figure({ ...figure, metric: 'p99_ms', value: result.p99Ms, unit: 'ms' });
      report.figure({ ...figure, metric: 'errors', value: result.nErrors, unit: '' });
      report.figure({ ...figure, metric: 'hit_rate', value: hits / all, unit: '' });
    } finally {
      await api.close();
    }
  } finally {
    await yahoo.stop();
  }
}

/** Uploads prices that end with the newest closed session and has naive promoted; a second time finds it done. */
async function prepare(stateDir: string, newest: string): Promise<void> {
  const api = await startOurs(stateDir, { STOCKCAST_WAIT_LIMIT_MS: '540000' });
  try {
    const form = new FormData();
    form.set('file', new Blob([pricesUpTo(newest)]), 'mix.csv');
    await expectOk(await fetch(`${api.url}/upload`, { method: 'POST', body: form }));
    const tickers = Array.from({ length: N_TICKERS }, (_, i) => tickerOf(i));
    const body = JSON.stringify({ tickers, horizons: [1], kinds: ['naive'] });
    const headers = { 'Content-Type': 'application/json' };
    await expectOk(await fetch(`${api.url}/train?wait=true`, { method: 'POST', headers, body }));
  } finally {
    await api.close();
  }
}

async function expectOk(response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text.slice(0, 500)}`);
}

/** The bundled prices of one ticker as those of many, on later days. */
function pricesUpTo(newest: string): string {
  const bars = sampleBars('IBM').slice(-N_SESSIONS);
  const first = sessionOrdinal(addSessions(newest, 1 - bars.length));
  const rows = Array.from({ length: N_TICKERS }, (_, i) =>
    bars.map(({ open, high, low, close, volume }, j) =>
      [tickerOf(i), 'Simulated', sessionAt(first + j), close, open, low, high, volume].join(','),
    ),
  );
  return `ticker,sector,date,close,open,low,high,volume\n${rows.flat().join('\n')}\n`;
}

function quoteAll(yahoo: YahooDouble, newest: string): void {
  const price = sampleBars('IBM').at(-1)!.close;
  for (let i = 0; i < N_TICKERS; i++) {
    yahoo.tickers.set(tickerOf(i), { bars: [], quote: { price, at: closeOf(newest) } });
  }
}

function zipfTickers(): string[] {
  const shares = Array.from({ length: N_TICKERS }, (_, i) => 1 / (i + 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const random = seededRandom(SEED);
  return Array.from({ length: N_REQUESTS }, () => {
    let left = random.next() * total;
    const i = shares.findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return tickerOf(i === -1 ? N_TICKERS - 1 : i);
  });
}

interface Counts {
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
}

/** What the API says of its cache of quotes. */
async function quoteCounts(url: string): Promise<Counts> {
  const { caches } = (await (await fetch(`${url}/performance`)).json()) as { caches: (Counts & { name: string })[] };
  const quotes = caches.find(({ name }) => name === 'quotes');
  if (quotes === undefined) throw new Error('/performance says nothing of the cache of quotes');
  return quotes;
}
