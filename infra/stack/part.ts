import type { SpawnOptions } from 'node:child_process';

export const POSTGRES = 'PostgreSQL';
export const TEMPORAL = 'Temporal';
export const REDIS = 'Redis';
export const MINIO = 'MinIO';
export const MLFLOW = 'MLflow';
export const PROMETHEUS = 'Prometheus';
/** The parts that the others use: started before them and stopped after them. */
export const SERVERS: readonly string[] = [TEMPORAL, POSTGRES, REDIS, MINIO, MLFLOW];

/** A process of the local stack: how it is run, how one knows that it is ready, how it is stopped. */
export interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly spawnOptions?: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'>;
  /** Where its output goes. */
  readonly logFile: string;
  /** Resolves when the part does its work; `output` gives what it has printed since it was started. */
  ready(output: () => string, signal: AbortSignal): Promise<void>;
  readonly readyTimeoutMs: number;
  readonly stopSignal: NodeJS.Signals;
  readonly graceMs: number;
}
