import type { TrainingWindow } from '../domain/model-version.ts';
import type { Forecasts } from '../serving/forecasts.ts';
import type { Services } from '../serving/services.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import type { WarmUp } from '../serving/warm-up.ts';

/** The settings that answer what a request leaves open. */
export interface ApiSettings {
  readonly tenant: string;
  readonly principal: string;
  readonly seed: number;
  /** Undefined means the default of the models. */
  readonly trainingWindow: TrainingWindow | undefined;
  /** Whether promotions wait for a person's approval, whatever a request says. */
  readonly requireApproval: boolean;
  readonly maxInFlight: number;
  /** Largest file that an upload may hold. */
  readonly uploadLimitBytes: number;
  /** Names besides loopback ones by which the API may be called; none means any, except on the loopback address. */
  readonly allowedHosts: readonly string[];
}

/** A failure that nobody asked for, as it goes to the log: one JSON line each. */
export interface LogEntry {
  readonly time: string;
  readonly level: 'error';
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly code: string;
  /** The error with its stack and what caused it. */
  readonly error: string;
}

/** Everything that the API works with, put together by its composition root. */
export interface ApiParts {
  readonly services: Services;
  readonly temporal: TemporalGateway;
  /** Where forecasts for requests come from. */
  readonly forecasts: Forecasts;
  /** How far the promoted models are loaded. */
  readonly warmUp: WarmUp;
  readonly settings: ApiSettings;
  /** Settles when the database answers. @throws StockcastError DATABASE_UNAVAILABLE */
  readonly pingDatabase: () => Promise<void>;
  /** Folder in which uploads lie while they are read. */
  readonly uploadsDir: string;
  readonly log: (entry: LogEntry) => void;
  /** Version of the project. */
  readonly version: string;
}
