import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { DatasetEntry } from '../stores/lineage/lineage-store.ts';
import { knownTickers } from './histories.ts';
import { unlessLost } from './lost-objects.ts';
import { datasetManifestKey } from './object-keys.ts';
import type { Services } from './services.ts';
import { readManifest } from './snapshots.ts';

/** A dataset, as the API and the CLI give it. */
export interface DatasetAnswer {
  readonly dataset_id: string;
  /** When it was taken for the first time. */
  readonly taken_at: string;
  /** What it holds; null when its objects are not held any more. */
  readonly holds: {
    readonly as_of: string;
    readonly sessions: number;
    readonly first_session: string;
    readonly last_session: string;
    readonly events: number;
  } | null;
}

/** The datasets of a ticker, newest first. */
export interface DatasetsAnswer {
  readonly ticker: string;
  readonly datasets: readonly DatasetAnswer[];
}

/** How many datasets are listed unless more are asked for, and at most. */
export const LISTED_DATASETS = 20;
export const MOST_LISTED_DATASETS = 1000;

/**
 * The newest datasets that were taken of a ticker, `limit` of them after leaving out `offset`.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function listDatasets(
  services: Services,
  context: Context,
  ticker: string,
  { limit = LISTED_DATASETS, offset = 0 }: { readonly limit?: number; readonly offset?: number } = {},
): Promise<DatasetsAnswer> {
  await knownTickers(services, context, [ticker]);
  const datasets = await services.lineage.datasets(context, ticker, { limit, offset });
  return { ticker, datasets: await Promise.all(datasets.map((dataset) => answerOf(services, context, dataset))) };
}

const LEAST_DIGITS = 4;

/**
 * The dataset with this id, or the only one whose id begins so.
 * @throws StockcastError DATASET_UNKNOWN, REQUEST_INVALID when several begin so or fewer than four digits are given
 */
export async function datasetNamed(services: Services, context: Context, id: string): Promise<DatasetEntry> {
  const isPrefix = new RegExp(`^[0-9a-f]{${LEAST_DIGITS},64}$`).test(id);
  if (/^[0-9a-f]*$/.test(id) && id.length < LEAST_DIGITS) {
    const problem = `give ${LEAST_DIGITS} digits of the id at least`;
    throw new StockcastError('REQUEST_INVALID', { field: `dataset "${id}"`, problem });
  }
  const found = isPrefix ? await services.lineage.datasetsBeginning(context, id, 2) : [];
  if (found.length > 1) {
    throw new StockcastError('REQUEST_INVALID', {
      field: `dataset "${id}"`,
      problem: `several begin so, among them ${found[0]!.id} of ${found[0]!.ticker} and ${found[1]!.id} of ${found[1]!.ticker}`,
    });
  }
  if (found[0] === undefined) throw new StockcastError('DATASET_UNKNOWN', { id });
  return found[0];
}

async function answerOf(services: Services, context: Context, dataset: DatasetEntry): Promise<DatasetAnswer> {
  const { id, ticker, takenAt } = dataset;
  const manifest = await unlessLost(readManifest(services, context, datasetManifestKey(ticker, id)));
  return {
    dataset_id: id,
    taken_at: takenAt,
    holds:
      manifest === undefined
        ? null
        : {
            as_of: manifest.asOf,
            sessions: manifest.rows,
            first_session: manifest.firstSession,
            last_session: manifest.lastSession,
            events: manifest.events,
          },
  };
}
