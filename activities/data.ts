import { Context as ActivityContext } from '@temporalio/activity';
import type { SessionDate, Vantage } from '../domain/bar.ts';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import { materialiseFeatures } from '../serving/feature-sets.ts';
import { refreshPrices } from '../serving/refresh-prices.ts';
import type { Services } from '../serving/services.ts';
import { snapshotTicker } from '../serving/snapshots.ts';
import { heartbeating } from './failure.ts';

/** Reference to a dataset, as it travels between steps. */
export interface DatasetRef {
  readonly id: string;
  /** Object key of the manifest. */
  readonly key: string;
  readonly rows: number;
  readonly firstSession: string;
  readonly lastSession: string;
}

/** Reference to a materialised feature matrix. */
export interface FeaturesRef {
  readonly key: string;
  readonly featureSet: string;
  readonly rows: number;
}

export type DataActivities = ReturnType<typeof dataActivities>;

/** Activities that read, validate and write histories; task queue `stockcast-data`. */
export function dataActivities(services: Services) {
  return {
    /** Freezes what is known of a ticker into an immutable snapshot. */
    ingest: (input: {
      context: ContextRecord;
      ticker: string;
      vantage: Vantage;
      /** Whether to refuse what is not fit to learn from. */
      check?: boolean;
    }): Promise<DatasetRef> =>
      heartbeating(async () => {
        const { ticker, vantage, check } = input;
        const { key, manifest } = await snapshotTicker(services, contextFrom(input.context), ticker, vantage, {
          check,
        });
        const { id, rows, firstSession, lastSession } = manifest;
        return { id, key, rows, firstSession, lastSession };
      }),

    /** Takes in what a live source knows of a ticker, up to a session; `rows` counts those that were new. */
    fetchPrices: (input: {
      context: ContextRecord;
      ticker: string;
      source: string;
      session: SessionDate;
    }): Promise<{ readonly rows: number; readonly lastSession: SessionDate | null }> =>
      heartbeating(async () => {
        const { context, ticker, source, session } = input;
        const signal = ActivityContext.current().cancellationSignal;
        const request = { ticker, source, to: session, signal };
        const { taken, last_session: lastSession } = await refreshPrices(services, contextFrom(context), request);
        const rows = (taken?.tickers ?? []).reduce((sum, { added }) => sum + added, 0);
        return { rows, lastSession };
      }),

    /** Computes the features of a snapshot. */
    preprocess: (input: { context: ContextRecord; datasetKey: string }): Promise<FeaturesRef> =>
      heartbeating(() => materialiseFeatures(services, contextFrom(input.context), input.datasetKey)),
  };
}
