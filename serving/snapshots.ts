import type { PriceSeries, SessionDate, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { type DatasetManifest, datasetIdentity } from '../domain/dataset.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { inspect } from '../market/inspection.ts';
import { unsoundness } from '../market/soundness.ts';
import { sessionsNeeded } from '../models/evaluation/learning-rows.ts';
import { MIN_SESSIONS } from '../models/evaluation/walk-forward.ts';
import { readParquet, writeParquet } from '../stores/tables/parquet.ts';
import { type History, historyOf } from './histories.ts';
import { unlessLost } from './lost-objects.ts';
import { datasetBarsKey, datasetManifestKey } from './object-keys.ts';
import { renew } from './renewal.ts';
import type { Services } from './services.ts';

/**
 * Freezes what is known of a ticker into an immutable snapshot: Parquet with the bars, then the manifest that points to
 * it. The same knowledge gives the same dataset identity and bytes: what is there already is kept, what of it was lost
 * or damaged is written again.
 * @throws StockcastError TICKER_UNKNOWN
 * @throws StockcastError TOO_FEW_SESSIONS below what a model can learn from
 * @throws StockcastError DATA_UNSOUND with `check`, where what is known is not fit to learn from; nothing is stored then
 */
export async function snapshotTicker(
  services: Services,
  context: Context,
  ticker: string,
  vantage: Vantage,
  { check = false }: { readonly check?: boolean | undefined } = {},
): Promise<{ key: string; manifest: DatasetManifest }> {
  const history = await historyOf(services, context, ticker, vantage);
  const { series, events } = history;
  requireEnoughSessions(ticker, series.dates.length);
  if (check) await requireSound(services, context, history, vantage);
  const id = datasetIdentity(series, events);
  const key = datasetManifestKey(ticker, id);
  const kept = await unlessLost(readManifest(services, context, key));
  const barsKey = datasetBarsKey(ticker, id);
  const isWhole = kept?.id === id && kept.barsKey === barsKey;
  if (isWhole) {
    if ((await unlessLost(readRows(services, context, kept))) === undefined) {
      await services.objects.put(context, barsKey, await barsToParquet(history));
    } else await renew(services, context, barsKey);
    await renew(services, context, key);
    await services.lineage.enterDataset(context, { id, ticker, takenAt: kept.fetchedAt });
    return { key, manifest: kept };
  }
  await services.objects.put(context, barsKey, await barsToParquet(history));
  const manifest: DatasetManifest = {
    id,
    ticker,
    sector: series.sector,
    asOf: vantage.asOf,
    rows: series.dates.length,
    events: events.length,
    firstSession: series.dates[0]!,
    lastSession: series.dates.at(-1)!,
    knownAt: vantage.knownAt,
    fetchedAt: context.clock.now().toISOString(),
    barsKey,
    adjustments: events,
    notices: inspect(series, events),
    sources: await services.bars.sources(context, ticker, vantage.knownAt),
  };
  await services.objects.put(context, key, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  await services.lineage.enterDataset(context, { id, ticker, takenAt: manifest.fetchedAt });
  return { key, manifest };
}

/** @throws StockcastError DATA_UNSOUND */
async function requireSound(
  { bars, prices }: Services,
  context: Context,
  { series, events }: History,
  { knownAt }: Vantage,
): Promise<void> {
  const { ticker } = series;
  const [newest] = await bars.sources(context, ticker, knownAt);
  const problems = await unsoundness(series, events, newest, prices.settings.maxJump);
  if (problems.length > 0) throw new StockcastError('DATA_UNSOUND', { ticker, problems: problems.join('; ') });
}

/**
 * @param asOf the past day that a run looks from, if any: said in the message
 * @throws StockcastError TOO_FEW_SESSIONS below what a model can learn from, for the longest of the horizons if any
 */
export function requireEnoughSessions(
  ticker: string,
  sessions: number,
  horizons: readonly Horizon[] = [],
  asOf?: SessionDate,
): void {
  const needed = Math.max(MIN_SESSIONS, ...horizons.map((horizon) => sessionsNeeded(horizon)));
  const until = asOf === undefined ? '' : ` up to ${asOf}`;
  if (sessions < needed) throw new StockcastError('TOO_FEW_SESSIONS', { ticker, sessions, until, needed });
}

/**
 * Reads the manifest of a snapshot.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function readManifest(services: Services, context: Context, key: string): Promise<DatasetManifest> {
  const bytes = await services.objects.get(context, key);
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as DatasetManifest | null;
    if (typeof manifest?.barsKey === 'string') return manifest;
  } catch (cause) {
    throw new StockcastError('OBJECT_DAMAGED', { key, problem: 'not JSON' }, { cause });
  }
  throw new StockcastError('OBJECT_DAMAGED', { key, problem: 'not a manifest' });
}

/**
 * Reads a snapshot back and checks that its rows still have the identity that its manifest names.
 * @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED
 */
export async function readSnapshot(services: Services, context: Context, manifestKey: string): Promise<History> {
  return readRows(services, context, await readManifest(services, context, manifestKey));
}

async function readRows(services: Services, context: Context, manifest: DatasetManifest): Promise<History> {
  const columns = await readParquet(await services.objects.get(context, manifest.barsKey), manifest.barsKey);
  const values = (name: string) => {
    const found = columns.find((candidate) => candidate.name === name);
    if (found !== undefined) return found.values;
    throw new StockcastError('OBJECT_DAMAGED', { key: manifest.barsKey, problem: `no column "${name}"` });
  };
  const numbers = (name: string) => values(name) as Float64Array;
  const series: PriceSeries = {
    ticker: manifest.ticker,
    sector: manifest.sector,
    dates: values('date') as readonly string[],
    open: numbers('open'),
    high: numbers('high'),
    low: numbers('low'),
    close: numbers('close'),
    volume: numbers('volume'),
  };
  const id = datasetIdentity(series, manifest.adjustments);
  if (id !== manifest.id) {
    throw new StockcastError('OBJECT_DAMAGED', { key: manifest.barsKey, problem: `its rows have the identity ${id}` });
  }
  return { series, events: manifest.adjustments };
}

function barsToParquet({ series }: History): Promise<Uint8Array> {
  const { dates, open, high, low, close, volume } = series;
  return writeParquet([
    { name: 'date', type: 'date', values: dates },
    { name: 'open', type: 'double', values: open },
    { name: 'high', type: 'double', values: high },
    { name: 'low', type: 'double', values: low },
    { name: 'close', type: 'double', values: close },
    { name: 'volume', type: 'double', values: volume },
  ]);
}
