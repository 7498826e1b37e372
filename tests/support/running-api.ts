import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../api/app.ts';
import { type ListeningApi, listen } from '../../api/listen.ts';
import { Followers } from '../../api/followers.ts';
import { ApiMetrics } from '../../api/observation/api-metrics.ts';
import { createLog } from '../../api/observation/log.ts';
import type { ApiParts, ApiSettings } from '../../api/parts.ts';
import { Readiness } from '../../api/readiness.ts';
import { DEFAULT_PARKING } from '../../domain/parking.ts';
import type { Dependency } from '../../serving/dependency.ts';
import { type Forecasts, UnheldForecasts } from '../../serving/forecasts.ts';
import { PredictionAudit } from '../../serving/prediction-audit.ts';
import { RunWatch } from '../../serving/run-watch.ts';

/** A line of the log, read again. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly error?: string };

/** An API that listens on a free port, with what it has logged. */
export interface RunningApi extends Pick<ListeningApi, 'url'> {
  readonly lines: readonly LogLine[];
  /** Those that tell of a failure that nobody foresaw. */
  readonly logged: readonly LogLine[];
  readonly audit: PredictionAudit;
  /** Names of what lies in the folder of uploads. */
  uploads(): string[];
  /** `graceMs` for requests under way; default 1000. */
  stop(graceMs?: number): Promise<void>;
}

/** Parts of an API that a test must say; the rest has defaults. */
type Given = Pick<ApiParts, 'services' | 'temporal'> &
  Partial<Pick<ApiParts, 'caches' | 'tracer' | 'experiments'>> & {
    readonly dependencies?: readonly Dependency[];
    readonly maxStreams?: number;
    readonly settings?: Partial<ApiSettings>;
    /** Default: read anew for each request. */
    readonly forecasts?: Forecasts;
  };

/** Starts the real API on the given parts. */
export async function startApi({
  services,
  temporal,
  dependencies,
  caches,
  maxStreams,
  settings,
  forecasts,
  tracer,
  experiments,
}: Given): Promise<RunningApi> {
  const uploadsDir = mkdtempSync(join(tmpdir(), 'stockcast-uploads-'));
  const lines: LogLine[] = [];
  const stopping = new AbortController();
  const audit = new PredictionAudit(services.predictionLog, { everyMs: 50 });
  const app = createApp({
    services,
    temporal,
    tracer,
    forecasts: forecasts ?? new UnheldForecasts(services),
    experiments,
    settings: {
      tenant: 'default',
      principal: 'tester',
      seed: 7,
      trainingWindow: undefined,
      requireApproval: false,
      parking: DEFAULT_PARKING,
      maxInFlight: 2,
      uploadLimitBytes: 1024 * 1024,
      allowedHosts: [],
      rateLimit: 0,
      trustedProxies: 0,
      waitLimitMs: 60_000,
      ...settings,
    },
    readiness: new Readiness(dependencies ?? []),
    caches: caches ?? (() => []),
    audit,
    metrics: new ApiMetrics(),
    followers: new Followers(maxStreams ?? 5, stopping.signal),
    watch: new RunWatch(temporal),
    uploadsDir,
    log: createLog('debug', { write: (line) => lines.push(JSON.parse(line) as LogLine) }),
    version: '0.0.0-test',
  });
  const api = await listen(app, '127.0.0.1', 0);
  return {
    url: api.url,
    lines,
    get logged() {
      return lines.filter(({ level }) => level === 'error');
    },
    audit,
    uploads: () => readdirSync(uploadsDir),
    stop: async (graceMs = 1000) => {
      stopping.abort();
      await api.stop(graceMs);
      await audit.close(1000);
      rmSync(uploadsDir, { recursive: true, force: true });
    },
  };
}
