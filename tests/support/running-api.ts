import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../api/app.ts';
import { type ListeningApi, listen } from '../../api/listen.ts';
import type { ApiParts, ApiSettings, LogEntry } from '../../api/parts.ts';
import { newestForecast } from '../../serving/forecasting.ts';
import type { Forecasts } from '../../serving/forecasts.ts';
import type { Services } from '../../serving/services.ts';
import type { WarmUp } from '../../serving/warm-up.ts';

/** An API that listens on a free port, with what it has logged. */
export interface RunningApi extends Pick<ListeningApi, 'url'> {
  readonly logged: readonly LogEntry[];
  /** Names of what lies in the folder of uploads. */
  uploads(): string[];
  stop(): Promise<void>;
}

/** Parts of an API that a test must say; the rest has defaults. */
type Given = Pick<ApiParts, 'services' | 'temporal'> & {
  readonly pingDatabase?: () => Promise<void>;
  readonly settings?: Partial<ApiSettings>;
  /** Default: read anew for each request. */
  readonly forecasts?: Forecasts;
};

/** Forecasts that are held nowhere. */
export function unheldForecasts(services: Services): Forecasts {
  return {
    counts: { hit: 0, miss: 0, stale: 0, loads: 0, failedLoads: 0, sharedFailures: 0 },
    get: async (context, request, tickers) => ({
      value: await newestForecast(services, context, request, tickers),
      verdict: 'miss',
      ageMs: 0,
    }),
  };
}

/** A warm-up that had nothing to load. */
export const NOTHING_TO_WARM_UP: WarmUp = { state: 'done', loaded: 0, failed: 0, finished: Promise.resolve() };

/** Starts the real API on the given parts. */
export async function startApi({ services, temporal, pingDatabase, settings, forecasts }: Given): Promise<RunningApi> {
  const uploadsDir = mkdtempSync(join(tmpdir(), 'stockcast-uploads-'));
  const logged: LogEntry[] = [];
  const app = createApp({
    services,
    temporal,
    forecasts: forecasts ?? unheldForecasts(services),
    warmUp: NOTHING_TO_WARM_UP,
    settings: {
      tenant: 'default',
      principal: 'tester',
      seed: 7,
      trainingWindow: undefined,
      requireApproval: false,
      maxInFlight: 2,
      uploadLimitBytes: 1024 * 1024,
      allowedHosts: [],
      ...settings,
    },
    pingDatabase: pingDatabase ?? (() => Promise.resolve()),
    uploadsDir,
    log: (entry) => logged.push(entry),
    version: '0.0.0-test',
  });
  const api = await listen(app, '127.0.0.1', 0);
  return {
    url: api.url,
    logged,
    uploads: () => readdirSync(uploadsDir),
    stop: async () => {
      await api.stop(1000);
      rmSync(uploadsDir, { recursive: true, force: true });
    },
  };
}
