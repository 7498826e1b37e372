import type { Metrics } from './observation/metrics-of-all.ts';

/** What can be asked of every process behind the port at once. */
export type Question = 'metrics' | 'performance';

/** What the processes answered to a question. */
export interface Gathered<T> {
  /** How many were asked, and how many answered in time. */
  readonly asked: number;
  readonly answers: readonly T[];
  /** What those that are silent or have ended had counted when they were last asked for metrics. */
  readonly earlier: readonly Metrics[];
}

/** What clients have asked since it was last said, by client, in the window of this number. */
export interface HitNews {
  readonly window: number;
  readonly hits: readonly (readonly [client: string, n: number])[];
}

/** What a replica tells the process that started it. */
export type ReplicaMessage =
  | 'waits for its configuration'
  | { readonly ready: string }
  | { readonly failed: string }
  | SiblingMessage;

/** What a replica that listens tells the switchboard. */
export type SiblingMessage =
  | { readonly gather: Question; readonly id: number }
  | { readonly answer: unknown; readonly round: number }
  | { readonly news: HitNews };

/** What a replica is told, after its configuration. */
export type SwitchboardMessage =
  | { readonly question: Question; readonly round: number }
  | { readonly gathered: Gathered<unknown>; readonly id: number }
  | { readonly news: HitNews };
