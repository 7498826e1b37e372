import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { OnDrift } from '../domain/drift.ts';
import { StockcastError } from '../domain/errors.ts';
import { plainProblem } from '../domain/plain-problem.ts';
import type { GateThresholds } from '../domain/gate.ts';
import type { PriceSettings } from '../domain/price-source.ts';
import type { ParkingPolicy } from '../domain/parking.ts';
import type { OnBehindNaive } from '../domain/scoring.ts';
import { PROJECT_DIR } from './project-dir.ts';
import { SETTINGS, type SettingValues } from './settings.ts';
import { type S3Settings, type StackAddresses, readStackFile } from './stack-file.ts';

/** All settings, validated together; missing parts are filled from the running local stack. */
export interface Config {
  readonly stateDir: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly uiUrl: string | undefined };
  readonly database: {
    readonly url: string | undefined;
    readonly poolSize: number;
    readonly statementTimeoutMs: number;
  };
  /** Undefined means that no cache is shared. */
  readonly redisUrl: string | undefined;
  /** Undefined means that no MLflow is told of anything. */
  readonly mlflow: { readonly uri: string; readonly token: string | undefined } | undefined;
  readonly objectsDir: string;
  /** Undefined means that the folder keeps the objects. */
  readonly s3: S3Settings | undefined;
  readonly api: {
    readonly host: string;
    readonly port: number;
    readonly allowedHosts: readonly string[];
    readonly processes: number;
    readonly predictionCache: 'on' | 'off';
    readonly uploadLimitBytes: number;
    /** Requests a minute of one client address; 0 means any number. */
    readonly rateLimit: number;
    readonly trustedProxies: number;
    readonly waitLimitMs: number;
    readonly maxStreams: number;
    readonly audit: boolean;
    readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  };
  readonly workers: {
    /** Undefined means that workers give no metrics. */
    readonly metricsPort: number | undefined;
    readonly metricsHost: string;
    readonly versioning: 'off' | 'pinned';
    readonly deployment: string;
  };
  /** Undefined means that nothing is traced. */
  readonly tracing: { readonly endpoint: string; readonly headers: Readonly<Record<string, string>> } | undefined;
  readonly tenant: string;
  readonly principal: string;
  readonly seed: number;
  /** Undefined means the default of the models. */
  readonly trainingWindow: number | 'all' | undefined;
  readonly requireApproval: boolean;
  /** What runs do where a person could mend them. */
  readonly parking: ParkingPolicy;
  /** What a model must reach before it may serve. */
  readonly gate: GateThresholds;
  readonly prices: PriceSettings;
  /** Whether what serves and rests on changed history is trained again at once. */
  readonly onRestatement: 'offer' | 'retrain';
  readonly schedules: { readonly file: string; readonly atStart: 'paused' | 'running' };
  /** What is done about a model that serves and whose live record is significantly behind naive. */
  readonly onBehindNaive: OnBehindNaive;
  /** What is done about a model that serves and has drifted. */
  readonly onDrift: OnDrift;
  readonly trainingSlots: number;
  readonly maxInFlight: number;
  readonly shutdownGraceMs: number;
  readonly checkpointEveryMs: number;
  readonly maxCrashes: number;
  /** What the environment itself names; the local stack boots what is not named. */
  readonly external: { readonly temporal: boolean; readonly database: boolean };
}

/**
 * Reads the configuration once from the environment; what it leaves open comes from what the local stack of the state
 * folder uses, by default as its state file says. Empty variables count as unset.
 * @throws StockcastError CONFIG_INVALID naming every key that is wrong, its value and what is expected
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  stackIn: (stateDir: string) => Partial<StackAddresses> | undefined = (dir) => readStackFile(dir)?.addresses,
): Config {
  const given = Object.fromEntries(
    Object.keys(SETTINGS).flatMap((key) => (env[key] === undefined || env[key] === '' ? [] : [[key, env[key]]])),
  );
  const parsed = z.object(SETTINGS).safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const key = String(issue.path[0]);
      const shown = /URL|URI|KEY|ENDPOINT|TOKEN|HEADERS/.test(key) ? '(not shown)' : JSON.stringify(given[key]);
      return `${key}=${shown}: ${plainProblem(issue)}`;
    });
    throw new StockcastError('CONFIG_INVALID', { problems: problems.join('; ') });
  }
  const settings = parsed.data;
  if (settings.STOCKCAST_PRICE_SOURCE === 'alpha-vantage' && settings.STOCKCAST_ALPHA_VANTAGE_KEY === undefined) {
    const problems = 'STOCKCAST_PRICE_SOURCE="alpha-vantage" needs STOCKCAST_ALPHA_VANTAGE_KEY';
    throw new StockcastError('CONFIG_INVALID', { problems });
  }
  requireWholeS3(given);
  const stateDir = resolve(cwd, settings.STOCKCAST_STATE_DIR);
  const stack = stackIn(stateDir) ?? {};
  const { temporal, temporalNamespace, temporalUi } = settings.TEMPORAL_ADDRESS === undefined ? stack : {};
  const mlflowUri = settings.MLFLOW_TRACKING_URI ?? stack.mlflowUri;
  return deepFreeze({
    stateDir,
    temporal: {
      address: settings.TEMPORAL_ADDRESS ?? temporal ?? '127.0.0.1:7233',
      namespace: settings.TEMPORAL_NAMESPACE ?? temporalNamespace ?? 'default',
      uiUrl: settings.TEMPORAL_UI_URL ?? temporalUi,
    },
    database: {
      url: settings.DATABASE_URL ?? stack.databaseUrl,
      poolSize: settings.DATABASE_POOL_SIZE,
      statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    redisUrl: settings.REDIS_URL ?? stack.redisUrl,
    mlflow: mlflowUri === undefined ? undefined : { uri: mlflowUri, token: settings.MLFLOW_TRACKING_TOKEN },
    objectsDir: resolve(cwd, settings.STOCKCAST_OBJECTS_DIR ?? stack.objectsDir ?? resolve(stateDir, 'objects')),
    s3: s3Of(settings) ?? (settings.STOCKCAST_OBJECTS_DIR === undefined ? stack.s3 : undefined),
    api: {
      host: settings.STOCKCAST_API_HOST,
      port: settings.STOCKCAST_API_PORT,
      allowedHosts: settings.STOCKCAST_ALLOWED_HOSTS ?? [],
      processes: settings.API_PROCESSES,
      predictionCache: settings.STOCKCAST_PREDICTION_CACHE,
      uploadLimitBytes: settings.STOCKCAST_UPLOAD_LIMIT_BYTES,
      rateLimit: settings.STOCKCAST_RATE_LIMIT,
      trustedProxies: settings.STOCKCAST_TRUSTED_PROXIES,
      waitLimitMs: settings.STOCKCAST_WAIT_LIMIT_MS,
      maxStreams: settings.STOCKCAST_MAX_STREAMS,
      audit: settings.STOCKCAST_AUDIT,
      logLevel: settings.STOCKCAST_LOG_LEVEL,
    },
    workers: {
      metricsPort: settings.STOCKCAST_WORKER_METRICS_PORT,
      metricsHost: settings.STOCKCAST_WORKER_METRICS_HOST,
      versioning: settings.STOCKCAST_WORKER_VERSIONING,
      deployment: settings.STOCKCAST_DEPLOYMENT,
    },
    tracing: tracingOf(settings),
    tenant: settings.STOCKCAST_TENANT,
    principal: settings.STOCKCAST_PRINCIPAL,
    seed: settings.STOCKCAST_SEED,
    trainingWindow: settings.STOCKCAST_TRAINING_WINDOW,
    requireApproval: settings.STOCKCAST_REQUIRE_APPROVAL,
    parking: {
      onBadData: settings.STOCKCAST_ON_BAD_DATA,
      onFailedGate: settings.STOCKCAST_ON_FAILED_GATE,
      giveUpAfterMs: Math.ceil(settings.STOCKCAST_PARK_HOURS * 3_600_000),
    },
    gate: {
      maxRatio: settings.STOCKCAST_GATE_MAX_RATIO,
      championWorseP: settings.STOCKCAST_GATE_CHAMPION_WORSE_P,
      maxCoverageError: settings.STOCKCAST_GATE_MAX_COVERAGE_ERROR,
      claimP: settings.STOCKCAST_GATE_CLAIM_P,
      minDays: settings.STOCKCAST_GATE_MIN_DAYS,
      minIndependentDays: settings.STOCKCAST_GATE_MIN_INDEPENDENT_DAYS,
      minIndependentDaysToClaim: settings.STOCKCAST_GATE_MIN_INDEPENDENT_DAYS_TO_CLAIM,
    },
    prices: {
      source: settings.STOCKCAST_PRICE_SOURCE,
      yahooUrl: settings.STOCKCAST_YAHOO_URL,
      alphaVantageUrl: settings.STOCKCAST_ALPHA_VANTAGE_URL,
      alphaVantageKey: settings.STOCKCAST_ALPHA_VANTAGE_KEY,
      timeoutMs: settings.STOCKCAST_PRICE_TIMEOUT_MS,
      retries: settings.STOCKCAST_PRICE_RETRIES,
      backoffMs: settings.STOCKCAST_PRICE_BACKOFF_MS,
      rate: settings.STOCKCAST_PRICE_RATE,
      breakerFailures: settings.STOCKCAST_PRICE_BREAKER_FAILURES,
      breakerMs: settings.STOCKCAST_PRICE_BREAKER_MS,
      maxJump: settings.STOCKCAST_PRICE_MAX_JUMP,
      patienceMs: settings.STOCKCAST_PRICE_PATIENCE_MS,
      quoteTtlMs: settings.STOCKCAST_QUOTE_TTL_MS,
    },
    onRestatement: settings.STOCKCAST_ON_RESTATEMENT,
    schedules: {
      file: resolve(cwd, settings.STOCKCAST_SCHEDULES_FILE ?? join(PROJECT_DIR, 'config', 'schedules.json')),
      atStart: settings.STOCKCAST_SCHEDULES,
    },
    onBehindNaive: settings.STOCKCAST_ON_BEHIND_NAIVE,
    onDrift: settings.STOCKCAST_ON_DRIFT,
    trainingSlots: settings.STOCKCAST_TRAINING_SLOTS,
    maxInFlight: settings.STOCKCAST_MAX_IN_FLIGHT,
    shutdownGraceMs: settings.STOCKCAST_SHUTDOWN_GRACE_MS,
    checkpointEveryMs: settings.STOCKCAST_CHECKPOINT_EVERY_MS,
    maxCrashes: settings.STOCKCAST_MAX_CRASHES,
    external: {
      temporal: settings.TEMPORAL_ADDRESS !== undefined,
      database: settings.DATABASE_URL !== undefined,
    },
  });
}

/** @throws StockcastError CONFIG_INVALID when some of the settings of S3 are given and others, which it needs, are not */
function requireWholeS3(given: Readonly<Record<string, string | undefined>>): void {
  const named = Object.keys(given).filter((key) => key.startsWith('S3_'));
  if (named.length === 0) return;
  const missing = ['S3_ENDPOINT', 'S3_ACCESS_KEY', 'S3_SECRET_KEY'].filter((key) => given[key] === undefined);
  if (missing.length === 0) return;
  const problems = `${named.join(', ')} need${named.length === 1 ? 's' : ''} ${missing.join(', ')}`;
  throw new StockcastError('CONFIG_INVALID', { problems });
}

function s3Of(settings: SettingValues): S3Settings | undefined {
  if (settings.S3_ENDPOINT === undefined) return undefined;
  return {
    endpoint: settings.S3_ENDPOINT,
    bucket: settings.S3_BUCKET,
    region: settings.S3_REGION,
    accessKey: settings.S3_ACCESS_KEY!,
    secretKey: settings.S3_SECRET_KEY!,
    ...(settings.S3_SESSION_TOKEN === undefined ? {} : { sessionToken: settings.S3_SESSION_TOKEN }),
  };
}

function tracingOf(settings: SettingValues): Config['tracing'] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers = '' } = settings;
  if (endpoint === undefined) return undefined;
  const pairs = headers === '' ? [] : headers.split(',').map((pair) => pair.split(/=(.*)/s));
  return { endpoint, headers: Object.fromEntries(pairs.map(([name, value]) => [name!, decodeURIComponent(value!)])) };
}

function deepFreeze<T extends object>(value: T): T {
  for (const field of Object.values(value))
    if (typeof field === 'object' && field !== null) deepFreeze(field as object);
  return Object.freeze(value);
}
