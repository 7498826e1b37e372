import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { DEFAULT_TENANT } from '../domain/context.ts';
import { ON_DRIFT } from '../domain/drift.ts';
import { DEFAULT_THRESHOLDS } from '../domain/gate.ts';
import { CSV_SOURCE, DEFAULT_PRICE_SETTINGS, LIVE_SOURCES } from '../domain/price-source.ts';
import { DEFAULT_PARKING } from '../domain/parking.ts';
import { ON_BEHIND_NAIVE } from '../domain/scoring.ts';
import {
  CHECKPOINT_EVERY_MS,
  DEFAULT_SEED,
  LARGEST_SEED,
  LEAST_WINDOW,
  MAX_CRASHES,
} from '../domain/training-limits.ts';

const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(least).max(most);
const positive = (most = Number.MAX_VALUE) => z.coerce.number().positive().max(most);
const port = wholeNumber(0, 65_535);

/**
 * The one table of settings: environment variable, form, default and meaning. Every key has a default that runs on one
 * machine. `docs/configuration.md` lists the same keys (a test compares them).
 */
export const SETTINGS = {
  STOCKCAST_STATE_DIR: z
    .string()
    .default('.stockcast')
    .describe('Folder of everything the local stack keeps: database, Temporal file, objects, logs'),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'expected host:port')
    .optional()
    .describe('Temporal frontend as host:port; unset means the dev server of the local stack'),
  TEMPORAL_NAMESPACE: z.string().min(1).optional().describe('Temporal namespace'),
  TEMPORAL_UI_URL: z.url().optional().describe('Base address of the Temporal Web UI, for links'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('PostgreSQL; unset means the embedded PostgreSQL of the local stack'),
  DATABASE_POOL_SIZE: wholeNumber(1, 1000).default(10).describe('Connections per process'),
  DATABASE_STATEMENT_TIMEOUT_MS: wholeNumber(100).default(60_000).describe('Longest time of one database statement'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('Redis that API processes share their cache in; unset means that each has its own in memory'),
  MLFLOW_TRACKING_URI: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('MLflow that is told of models, promotions and their use; unset means none'),
  MLFLOW_TRACKING_TOKEN: z.string().optional().describe('Bearer token for that MLflow'),
  STOCKCAST_OBJECTS_DIR: z
    .string()
    .optional()
    .describe('Folder of the object store; default: objects/ in the state folder'),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .regex(/^https?:\/\/[^/@?#]+\/?$/, 'expected http://host:port or https://host:port')
    .transform((text) => text.replace(/\/$/, ''))
    .optional()
    .describe('MinIO or S3 that keeps the objects, as http(s)://host:port; unset means the folder of objects'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'expected 3 to 63 lower-case letters, digits or "-"')
    .default('stockcast')
    .describe('Bucket of the objects; made, with versions, where it is missing'),
  S3_REGION: z.string().min(1).default('us-east-1').describe('Region of the bucket'),
  S3_ACCESS_KEY: z.string().optional().describe('Access key to the bucket; needed with S3_ENDPOINT'),
  S3_SECRET_KEY: z.string().optional().describe('Secret key to the bucket; needed with S3_ENDPOINT'),
  S3_SESSION_TOKEN: z.string().optional().describe('Session token, where the keys are temporary ones'),
  STOCKCAST_API_HOST: z.string().default('127.0.0.1').describe('Address that the API listens on'),
  STOCKCAST_ALLOWED_HOSTS: z
    .string()
    .regex(/^[^\s,:/]+(,[^\s,:/]+)*$/, 'expected host names between commas, without ports')
    .transform((text) => text.split(','))
    .optional()
    .describe('Host names besides loopback ones that requests may be made to; unset means any on an outer address'),
  STOCKCAST_API_PORT: port.default(3000).describe('Port of the API; the local stack takes the next free one'),
  API_PROCESSES: wholeNumber(1, 256).default(1).describe('Processes of the API behind its one port'),
  STOCKCAST_PREDICTION_CACHE: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether forecasts are held until their prices or models change: on, or off to compute each anew'),
  STOCKCAST_UPLOAD_LIMIT_BYTES: wholeNumber(1)
    .default(256 * 1024 * 1024)
    .describe('Largest file that POST /upload takes'),
  STOCKCAST_RATE_LIMIT: wholeNumber(0)
    .default(6000)
    .describe('Requests a minute that one client address may make of the API; 0 means any number'),
  STOCKCAST_TRUSTED_PROXIES: wholeNumber(0, 100)
    .default(0)
    .describe('Proxies in front of the API whose X-Forwarded-For and -Proto are believed'),
  STOCKCAST_WAIT_LIMIT_MS: wholeNumber(1000, 540_000)
    .default(120_000)
    .describe('Longest time that a request with wait=true waits for its run'),
  STOCKCAST_MAX_STREAMS: wholeNumber(1, 100_000)
    .default(100)
    .describe('Event streams and waiting requests at a time in one API process'),
  STOCKCAST_AUDIT: z
    .stringbool()
    .default(true)
    .describe('Whether every forecast that is asked for is written to the table prediction_log'),
  STOCKCAST_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least level of log lines: fatal, error, warn, info, debug, trace or silent'),
  STOCKCAST_WORKER_METRICS_PORT: port
    .optional()
    .describe('Port where a worker process gives its /metrics; 0 takes any and says it; unset means none'),
  STOCKCAST_WORKER_METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address that a worker process gives its /metrics on'),
  STOCKCAST_WORKER_VERSIONING: z
    .enum(['off', 'pinned'])
    .default('off')
    .describe(
      'Whether a run may go on with newer code (off), or stays with workers of the build that began it (pinned)',
    ),
  STOCKCAST_DEPLOYMENT: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'expected 1 to 100 letters, digits, "-" or "_"')
    .default('stockcast')
    .describe('Name that workers give their deployment in Temporal'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/$/, ''))
    .optional()
    .describe(
      'OpenTelemetry collector that takes traces over OTLP/HTTP, such as http://127.0.0.1:4318; unset means none',
    ),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(/^[^=,\s]+=[^,]*(,[^=,\s]+=[^,]*)*$/, 'expected name=value, separated by commas')
    .optional()
    .describe('Headers for that collector, name=value between commas, values percent-encoded'),
  STOCKCAST_TENANT: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'expected 1 to 40 lower-case letters, digits or "-"')
    .default(DEFAULT_TENANT)
    .describe('Tenant of requests that name none'),
  STOCKCAST_PRINCIPAL: z.string().min(1).default('local').describe('Who is answerable for requests, in the ledger'),
  STOCKCAST_SEED: wholeNumber(0, LARGEST_SEED).default(DEFAULT_SEED).describe('Seed of everything random in training'),
  STOCKCAST_TRAINING_WINDOW: z
    .union([z.literal('all'), wholeNumber(LEAST_WINDOW)], `expected "all" or a whole number, at least ${LEAST_WINDOW}`)
    .optional()
    .describe('Newest sessions that models learn from, or "all"; default: docs/decisions/training-window.md'),
  STOCKCAST_REQUIRE_APPROVAL: z
    .stringbool()
    .default(false)
    .describe('Whether a person must approve before another model serves; requests may ask for it, never waive it'),
  STOCKCAST_GATE_MAX_RATIO: positive()
    .default(DEFAULT_THRESHOLDS.maxRatio)
    .describe('Largest RMSE of a model that may serve, over that of the naive and of the drift forecast'),
  STOCKCAST_GATE_MAX_COVERAGE_ERROR: positive(1)
    .default(DEFAULT_THRESHOLDS.maxCoverageError)
    .describe('Most by which the share of outcomes inside its 80% intervals may miss 0.8'),
  STOCKCAST_GATE_CHAMPION_WORSE_P: positive(1)
    .default(DEFAULT_THRESHOLDS.championWorseP)
    .describe('Refused when worse than what serves with a one-sided Diebold-Mariano p below this'),
  STOCKCAST_GATE_CLAIM_P: positive(1)
    .default(DEFAULT_THRESHOLDS.claimP)
    .describe('Said to beat naive only with a corrected p below this'),
  STOCKCAST_GATE_MIN_DAYS: wholeNumber(1)
    .default(DEFAULT_THRESHOLDS.minDays)
    .describe('Fewest out-of-sample days that a model may serve on'),
  STOCKCAST_GATE_MIN_INDEPENDENT_DAYS: wholeNumber(1)
    .default(DEFAULT_THRESHOLDS.minIndependentDays)
    .describe('Fewest of them that do not overlap: days over the horizon'),
  STOCKCAST_GATE_MIN_INDEPENDENT_DAYS_TO_CLAIM: wholeNumber(1)
    .default(DEFAULT_THRESHOLDS.minIndependentDaysToClaim)
    .describe('Fewest of these to be said to beat naive'),
  STOCKCAST_PRICE_SOURCE: z
    .enum([CSV_SOURCE, ...LIVE_SOURCES])
    .default(DEFAULT_PRICE_SETTINGS.source)
    .describe('Where prices come from when a request names no source: csv (what was uploaded), yahoo or alpha-vantage'),
  STOCKCAST_YAHOO_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Base address asked instead of Yahoo's own, such as a proxy"),
  STOCKCAST_ALPHA_VANTAGE_URL: z
    .url({ protocol: /^https?$/ })
    .default(DEFAULT_PRICE_SETTINGS.alphaVantageUrl)
    .describe('Base address of Alpha Vantage'),
  STOCKCAST_ALPHA_VANTAGE_KEY: z.string().optional().describe('API key of Alpha Vantage; needed to use that source'),
  STOCKCAST_PRICE_TIMEOUT_MS: wholeNumber(1, 600_000)
    .default(DEFAULT_PRICE_SETTINGS.timeoutMs)
    .describe('Longest time of one attempt to reach a price source'),
  STOCKCAST_PRICE_RETRIES: wholeNumber(0, 20)
    .default(DEFAULT_PRICE_SETTINGS.retries)
    .describe('Further attempts after a failed one'),
  STOCKCAST_PRICE_BACKOFF_MS: wholeNumber(1, 60_000)
    .default(DEFAULT_PRICE_SETTINGS.backoffMs)
    .describe('Most that is waited before the first further attempt; doubles with each, to 10 s'),
  STOCKCAST_PRICE_RATE: positive(10_000)
    .default(DEFAULT_PRICE_SETTINGS.rate)
    .describe('Calls a second to one price source, per process'),
  STOCKCAST_PRICE_BREAKER_FAILURES: wholeNumber(1, 1000)
    .default(DEFAULT_PRICE_SETTINGS.breakerFailures)
    .describe('Failed attempts in a row after which a price source is left alone'),
  STOCKCAST_PRICE_BREAKER_MS: wholeNumber(1)
    .default(DEFAULT_PRICE_SETTINGS.breakerMs)
    .describe('How long it is left alone before one call tries it again'),
  STOCKCAST_PRICE_MAX_JUMP: z.coerce
    .number()
    .gt(1)
    .default(DEFAULT_PRICE_SETTINGS.maxJump)
    .describe('Largest factor between two closes, up or down, that a price source is believed without a split'),
  STOCKCAST_PRICE_PATIENCE_MS: wholeNumber(1, 600_000)
    .default(DEFAULT_PRICE_SETTINGS.patienceMs)
    .describe('Longest that a forecast waits for a price source before it answers from what is known'),
  STOCKCAST_QUOTE_TTL_MS: wholeNumber(1, 86_400_000)
    .default(DEFAULT_PRICE_SETTINGS.quoteTtlMs)
    .describe('How long a quote of a price source is held before the source is asked again'),
  STOCKCAST_ON_RESTATEMENT: z
    .enum(['offer', 'retrain'])
    .default('offer')
    .describe(
      'What is done when known history was changed: offer says the command that trains what serves and rests on it, retrain starts it',
    ),
  STOCKCAST_SCHEDULES_FILE: z
    .string()
    .optional()
    .describe('File that declares the schedules; default: config/schedules.json of the project'),
  STOCKCAST_SCHEDULES: z
    .enum(['paused', 'running'])
    .default('paused')
    .describe('How npm start leaves the schedules that it makes: paused until somebody resumes them, or running'),
  STOCKCAST_ON_BEHIND_NAIVE: z
    .enum(ON_BEHIND_NAIVE)
    .default('note')
    .describe(
      'What is done when the live record of what serves is significantly behind naive: note flags it, demote lets naive serve in its place',
    ),
  STOCKCAST_ON_DRIFT: z
    .enum(ON_DRIFT)
    .default('note')
    .describe(
      'What is done when what serves has drifted: note keeps the report, retrain starts the training of its ticker, once per model',
    ),
  STOCKCAST_ON_BAD_DATA: z
    .enum(['park', 'fail', 'ignore'])
    .default(DEFAULT_PARKING.onBadData)
    .describe('What a run does with prices that are not fit to learn from: park, fail, or ignore that and go on'),
  STOCKCAST_ON_FAILED_GATE: z
    .enum(['fallback', 'park'])
    .default(DEFAULT_PARKING.onFailedGate)
    .describe('What a run does where no candidate passed: fallback lets naive serve, park asks a person first'),
  STOCKCAST_PARK_HOURS: positive(24 * 365)
    .default(DEFAULT_PARKING.giveUpAfterMs / 3_600_000)
    .describe('How long a run stays parked before it gives up, in hours'),
  STOCKCAST_TRAINING_SLOTS: wholeNumber(1, 256)
    .default(availableParallelism())
    .describe('Models trained at a time by one training worker'),
  STOCKCAST_MAX_IN_FLIGHT: wholeNumber(1, 1000).default(4).describe('Tickers of a universe worked on at a time'),
  STOCKCAST_SHUTDOWN_GRACE_MS: wholeNumber(0)
    .default(10_000)
    .describe('How long a worker lets running activities finish after SIGTERM'),
  STOCKCAST_CHECKPOINT_EVERY_MS: wholeNumber(0)
    .default(CHECKPOINT_EVERY_MS)
    .describe('Shortest time between two checkpoints of a training'),
  STOCKCAST_MAX_CRASHES: wholeNumber(1, 1000)
    .default(MAX_CRASHES)
    .describe('Deaths of the worker in a row, without a checkpoint between, after which a training step is given up'),
} as const satisfies Record<string, z.ZodType>;

/** All settings as they were read, each by its key. */
export type SettingValues = z.infer<z.ZodObject<typeof SETTINGS>>;
