import type { Tracer } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { ParkingPolicy } from '../domain/parking.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import type { CacheCounts } from '../serving/dependency.ts';
import type { ExperimentTraffic } from '../serving/experiment-traffic.ts';
import type { Forecasts } from '../serving/forecasts.ts';
import type { PredictionAudit } from '../serving/prediction-audit.ts';
import type { RunWatch } from '../serving/run-watch.ts';
import type { Services } from '../serving/services.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import type { Followers } from './followers.ts';
import type { ApiMetrics } from './observation/api-metrics.ts';
import type { Readiness } from './readiness.ts';
import type { Siblings } from './siblings.ts';

/** The settings that answer what a request leaves open. */
export interface ApiSettings {
  readonly tenant: string;
  readonly principal: string;
  readonly seed: number;
  /** Undefined means the default of the models. */
  readonly trainingWindow: TrainingWindow | undefined;
  /** Whether promotions wait for a person's approval, whatever a request says. */
  readonly requireApproval: boolean;
  /** What runs do where a person could mend them. */
  readonly parking: ParkingPolicy;
  readonly maxInFlight: number;
  /** Largest file that an upload may hold. */
  readonly uploadLimitBytes: number;
  /** Names besides loopback ones by which the API may be called; none means any, except on the loopback address. */
  readonly allowedHosts: readonly string[];
  /** Requests a minute of one client address; 0 means any number. */
  readonly rateLimit: number;
  /** Proxies in front whose forwarded addresses are believed. */
  readonly trustedProxies: number;
  /** Longest wait of a request with `wait=true`. */
  readonly waitLimitMs: number;
}

/** Everything that the API works with, put together by its composition root. */
export interface ApiParts {
  readonly services: Services;
  readonly temporal: TemporalGateway;
  /** Where forecasts for requests come from. */
  readonly forecasts: Forecasts;
  /** The experiments that run; absent, there are none here. */
  readonly experiments?: ExperimentTraffic | undefined;
  readonly settings: ApiSettings;
  readonly readiness: Readiness;
  /** The caches of this process, as they are when asked. */
  readonly caches: () => readonly CacheCounts[];
  readonly audit: PredictionAudit;
  readonly log: Logger;
  readonly metrics: ApiMetrics;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** The requests that stay open while they follow a run. */
  readonly followers: Followers;
  readonly watch: RunWatch;
  /** Folder in which uploads lie while they are read. */
  readonly uploadsDir: string;
  /** Version of the project. */
  readonly version: string;
  /** All processes behind the port; undefined where this is the only one. */
  readonly siblings?: Siblings | undefined;
}
