import type { Context } from '../domain/context.ts';
import { barsOf } from '../domain/dataset.ts';
import type { PanelMember } from '../domain/model-version.ts';
import type { RowVersion } from '../stores/lineage/lineage-store.ts';
import type { History } from './histories.ts';
import type { DatasetNode } from './lineage-answer.ts';
import { unlessLost } from './lost-objects.ts';
import { datasetManifestKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { readManifest, readSnapshot } from './snapshots.ts';

const SHOWN_RESTATED = 100;

/**
 * Traces every row of a dataset to the version with its values that was learnt first, and so to the merge that brought
 * it. Says in words what of the dataset is lost.
 * @throws StockcastError DATABASE_UNAVAILABLE
 */
export async function datasetLineage(
  services: Services,
  context: Context,
  { ticker, datasetId }: PanelMember,
): Promise<{ readonly node?: DatasetNode; readonly missing: readonly string[] }> {
  const key = datasetManifestKey(ticker, datasetId);
  const manifest = await unlessLost(readManifest(services, context, key));
  if (manifest === undefined) {
    return { missing: [`The manifest ${key} of the dataset ${datasetId} of ${ticker} is missing or damaged.`] };
  }
  const history = await unlessLost(readSnapshot(services, context, key));
  const rows = history === undefined ? [] : rowsOf(history);
  const traced = trace(rows, await services.lineage.versions(context, ticker));
  const byIngest = new Map<string, RowVersion[]>();
  for (const version of traced.found) {
    byIngest.set(version.ingestId, byIngest.get(version.ingestId) ?? []);
    byIngest.get(version.ingestId)!.push(version);
  }
  const restated = traced.found.filter(({ version }) => version > 1);
  const node: DatasetNode = {
    dataset_id: datasetId,
    ticker,
    manifest_key: key,
    taken_at: manifest.fetchedAt,
    sessions: manifest.rows,
    events: manifest.events,
    first_session: manifest.firstSession,
    last_session: manifest.lastSession,
    came_from: [...byIngest].map(([ingestId, versions]) => ({
      ingest_id: ingestId,
      rows: versions.length,
      first_session: versions[0]!.date,
      last_session: versions.at(-1)!.date,
    })),
    restated: {
      n: restated.length,
      first: restated.slice(0, SHOWN_RESTATED).map(({ date, kind, version, learntAt }) => ({
        ...{ date, kind, version },
        learnt_at: learntAt,
      })),
    },
    untraced: traced.untraced,
  };
  const lost = `The rows ${manifest.barsKey} of the dataset ${datasetId} of ${ticker} are missing or damaged.`;
  const strange = `${traced.untraced} rows of the dataset ${datasetId} of ${ticker} are not held any more, first ${traced.firstUntraced}.`;
  return {
    node,
    missing: [...(history === undefined ? [lost] : []), ...(traced.untraced === 0 ? [] : [strange])],
  };
}

type Row = Pick<RowVersion, 'date' | 'kind' | 'values'>;

function rowsOf({ series, events }: History): Row[] {
  return [
    ...barsOf(series).map(({ date, open, high, low, close, volume }) => ({
      date,
      kind: 'bar' as const,
      values: [open, high, low, close, volume],
    })),
    ...events.map(({ date, kind, value }) => ({ date, kind, values: [value] })),
  ];
}

function trace(rows: readonly Row[], versions: readonly RowVersion[]) {
  // Ascending by version, so that the first one with the values of a row stays.
  const byContent = new Map<string, RowVersion>();
  for (const version of versions) {
    const content = contentOf(version);
    if (!byContent.has(content)) byContent.set(content, version);
  }
  const found: RowVersion[] = [];
  const untraced: Row[] = [];
  for (const row of rows) {
    const version = byContent.get(contentOf(row));
    if (version === undefined) untraced.push(row);
    else found.push(version);
  }
  found.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  return { found, untraced: untraced.length, firstUntraced: untraced[0]?.date };
}

function contentOf({ date, kind, values }: Row): string {
  return `${date} ${kind} ${values.join(' ')}`;
}
