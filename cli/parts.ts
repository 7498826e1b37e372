import type { Context } from '../domain/context.ts';
import type { Finding } from '../domain/finding.ts';
import type { ParkingPolicy } from '../domain/parking.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import type { MlflowFollower } from '../serving/mlflow/mlflow-follower.ts';
import type { Services } from '../serving/services.ts';
import type { TrainingPool } from '../serving/training-pool.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import type { Output } from './output.ts';

/** The settings that commands fill in where the person gives no option. */
export interface Settings {
  readonly stateDir: string;
  readonly seed: number;
  /** Undefined means the default of the models. */
  readonly trainingWindow: TrainingWindow | undefined;
  /** Whether promotions wait for a person's approval, whatever a command says. */
  readonly requireApproval: boolean;
  /** What runs do where a person could mend them. */
  readonly parking: ParkingPolicy;
  readonly maxInFlight: number;
  /** The file that declares the schedules, and whether those that `up` makes wait to be resumed. */
  readonly schedules: { readonly file: string; readonly atStart: 'paused' | 'running' };
}

/** A signal that aborts when the person asks to stop, by Ctrl-C or by ending the process politely. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Settles when the person asks to stop. */
  readonly requested: Promise<void>;
}

/** The local stack while it runs. */
export interface RunningStack {
  readonly addresses: { readonly api: string; readonly temporalUi?: string | undefined };
  /** Settles, with the reason, when a part died more often than it is restarted. */
  readonly failed: Promise<Error>;
  /** Stops every process that the stack started. */
  stop(): Promise<void>;
}

/** What the local stack is started with. */
export interface StackOptions {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Whether it boots real services in place of what is embedded. */
  readonly real?: boolean;
}

/** Price files that come with the project. */
export interface SampleFiles {
  readonly pricesPath: string;
  readonly eventsPath: string;
}

/** What `npx stockcast temporal` runs the pinned Temporal CLI with. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
}

/**
 * Everything that commands work with, put together by the composition root. What costs time or needs a running stack
 * is opened at first use, so that `--help` needs neither.
 */
export interface Parts {
  /** @throws StockcastError CONFIG_INVALID */
  settings(): Settings;
  /** @throws StockcastError CONFIG_INVALID */
  context(): Context;
  /** @throws StockcastError STACK_NOT_RUNNING, DATABASE_UNAVAILABLE */
  services(): Promise<Services>;
  /** @throws StockcastError STACK_NOT_RUNNING */
  temporal(): Promise<TemporalGateway>;
  /** Training threads of this process; whoever asks for them closes them. */
  trainingPool(): Promise<TrainingPool>;
  /** What tells MLflow. @throws StockcastError CONFIG_INVALID when none is named, STACK_NOT_RUNNING */
  mlflow(): Promise<MlflowFollower>;
  /** Closes what `services` and `temporal` opened; they may be opened again. */
  close(): Promise<void>;
  /** Where results and progress are written. */
  output(options: { readonly json?: boolean | undefined }): Output;
  /** Says on stderr what went wrong with a part of what was asked. */
  complain(failure: { readonly code: string; readonly message: string }): void;
  /** Says something on stderr. */
  note(line: string): void;
  /** The exit code, when the command ends without throwing. */
  exitWith(code: number): void;
  /** From this call on, Ctrl-C aborts the signal; a second one ends the process at once. */
  interruption(): Interruption;
  readonly sample: SampleFiles;
  /** Runs a worker until the process is asked to stop. */
  runWorker(queues: readonly string[]): Promise<void>;
  /** Runs the API until the process is asked to stop. */
  runApi(): Promise<void>;
  diagnose(): Promise<readonly Finding[]>;
  /** Whether the environment names a Temporal server, so that none has to be set up. */
  externalTemporal(): boolean;
  /** Finds the Temporal CLI, or sets it up, and returns its path. */
  ensureTemporalCli(options: StackOptions): Promise<string>;
  /** @throws StockcastError STACK_NOT_RUNNING when neither a stack nor the environment names a Temporal server */
  temporalTarget(): TemporalTarget;
  /** From this call on everything goes by the state folder of real services, unless the environment names a folder. */
  useRealServices(): void;
  startStack(options: StackOptions): Promise<RunningStack>;
  /** Deletes everything that the local stack keeps. */
  forgetState(): Promise<void>;
  /** Runs a program on this terminal, with these variables added, and returns its exit code. */
  runProgram(path: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number>;
}
