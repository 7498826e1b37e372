import { endOfDay } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import type { DatasetManifest } from '../domain/dataset.ts';
import { type Horizon, MAX_HORIZON } from '../domain/horizon.ts';
import { type ModelVersion, POOL, type Promotion } from '../domain/model-version.ts';
import {
  type ChangedSession,
  RESTATED_COLUMNS,
  type Restatement,
  type TickerRestatement,
} from '../domain/restatement.ts';
import { KINDS } from '../models/kinds.ts';
import type { History } from './histories.ts';
import { unlessLost } from './lost-objects.ts';
import { datasetManifestKey } from './object-keys.ts';
import { type RestingForecast, restatedForecasts } from './restated-forecasts.ts';
import type { Services } from './services.ts';
import { readManifest, readSnapshot } from './snapshots.ts';

/** How the key of a manifest ends. */
const MANIFEST = '/manifest.json';
const HORIZONS: readonly Horizon[] = Array.from({ length: MAX_HORIZON }, (_, i) => i + 1);

/** What rests on history as it was before a restatement. */
export interface RestatementEffects {
  /** Frozen before it, with sessions or events in them that it changed; by ticker and date. */
  readonly datasets: readonly DatasetManifest[];
  /** That learnt from these datasets: a ticker's own, pooled ones, those who adopted them, ensembles; by ticker. */
  readonly models: readonly ModelVersion[];
  /** That these models made, or others from old values; by ticker, horizon and session. */
  readonly forecasts: readonly RestingForecast[];
  /** Which of these models serve now. */
  readonly serving: readonly Promotion[];
}

/** Finds exactly what rests on history as it was before a restatement, by reading the rows of what was frozen. */
export async function restatementEffects(
  services: Services,
  context: Context,
  restatement: Restatement,
): Promise<RestatementEffects> {
  const datasets: DatasetManifest[] = [];
  for (const change of restatement.tickers)
    datasets.push(...(await datasetsOn(services, context, restatement, change)));
  const tickers = restatement.tickers.map(({ ticker }) => ticker);
  const models = await modelsOn(services, context, tickers, new Set(datasets.map(({ id }) => id)));
  const ids = new Set(models.map(({ id }) => id));
  const serving = (await services.ledger.serving(context)).filter(({ modelId }) => ids.has(modelId));
  const forecasts = await restatedForecasts(services, context, restatement, models);
  return { datasets, models, forecasts, serving };
}

async function datasetsOn(
  services: Services,
  context: Context,
  restatement: Restatement,
  change: TickerRestatement,
): Promise<DatasetManifest[]> {
  const changes = await services.restatements.changes(context, restatement, change.ticker);
  const found: DatasetManifest[] = [];
  for await (const { key } of services.objects.list(
    context,
    datasetManifestKey(change.ticker, '').slice(0, -MANIFEST.length),
  )) {
    if (!key.endsWith(MANIFEST)) continue;
    const manifest = await unlessLost(readManifest(services, context, key));
    if (manifest === undefined || frozenAt(manifest) >= restatement.learntAt) continue;
    if (restsOnOldEvents(manifest, change)) {
      found.push(manifest);
      continue;
    }
    if (!changes.some(({ date }) => date >= manifest.firstSession && date <= manifest.lastSession)) continue;
    const rows = await unlessLost(readSnapshot(services, context, key));
    // Of one whose rows were lost, its dates alone can be told.
    if (rows === undefined || hasOldRows(rows, changes)) found.push(manifest);
  }
  return found.sort((a, b) =>
    a.fetchedAt === b.fetchedAt ? (a.id < b.id ? -1 : 1) : a.fetchedAt < b.fetchedAt ? -1 : 1,
  );
}

// A live run looks from when it was asked for, and freezes a moment later; one as of a day looks from the past.
function frozenAt({ asOf, knownAt, fetchedAt }: DatasetManifest): string {
  return knownAt === undefined || knownAt === endOfDay(asOf) ? fetchedAt : knownAt;
}

function restsOnOldEvents(manifest: DatasetManifest, { events }: TickerRestatement): boolean {
  const { adjustments, firstSession, lastSession } = manifest;
  return events.some(({ date, kind, after }) => {
    if (date < firstSession || date > lastSession) return false;
    return adjustments.find((event) => event.date === date && event.kind === kind)?.value !== after;
  });
}

function hasOldRows({ series }: History, changes: readonly ChangedSession[]): boolean {
  const at = new Map(series.dates.map((date, i) => [date, i]));
  return changes.some(({ date, after }) => {
    const i = at.get(date);
    return i !== undefined && RESTATED_COLUMNS.some((column) => series[column][i] !== after[column]);
  });
}

async function modelsOn(
  services: Services,
  context: Context,
  tickers: readonly string[],
  datasets: ReadonlySet<string>,
): Promise<ModelVersion[]> {
  if (datasets.size === 0) return [];
  const found = new Map<string, ModelVersion>();
  const rests = (model: ModelVersion) =>
    datasets.has(model.datasetId) ||
    (model.panel ?? []).some(({ datasetId }) => datasets.has(datasetId)) ||
    model.madeFrom.some((id) => found.has(id));
  const look = async (ticker: string, horizons: readonly Horizon[], kinds?: ReadonlySet<string>) => {
    const standings = await Promise.all(horizons.map((h) => services.registry.standings(context, ticker, h)));
    const wanted = standings.flat().filter(({ kind }) => kinds === undefined || kinds.has(kind));
    const models = await Promise.all(wanted.map(({ id }) => services.registry.find(context, id)));
    let before: number;
    // What was made of others may stand before them.
    do {
      before = found.size;
      for (const model of models) if (model !== undefined && rests(model)) found.set(model.id, model);
    } while (found.size > before);
  };
  await look(POOL, HORIZONS);
  const pools = [...found.values()];
  const adopters = new Set(pools.flatMap(({ panel }) => (panel ?? []).map(({ ticker }) => ticker)));
  for (const ticker of tickers) await look(ticker, HORIZONS);
  const pooledKinds = new Set(KINDS.filter(({ pooled }) => pooled).map(({ name }) => name));
  const pooledHorizons = [...new Set(pools.map(({ horizon }) => horizon))];
  for (const ticker of adopters) if (!tickers.includes(ticker)) await look(ticker, pooledHorizons, pooledKinds);
  return [...found.values()].sort(
    (a, b) => byText(a.ticker, b.ticker) || a.horizon - b.horizon || byText(a.kind, b.kind) || a.version - b.version,
  );
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
