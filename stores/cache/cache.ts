import type { Context } from '../../domain/context.ts';

/** What a cache holds under a key. Values are plain JSON and must not be changed by whoever gets them. */
export interface Lookup {
  /** Undefined when nothing is held. */
  readonly value: unknown;
  /** False once the value's group has been forgotten since it was put: it may be outdated. */
  readonly current: boolean;
  /** To be given to `put`, so that what was read before the group was forgotten never counts as current. */
  readonly generation: string;
}

/** Values that can be had again from elsewhere, under keys in groups; a group is forgotten as a whole. */
export interface Cache {
  lookup(context: Context, group: string, key: string): Promise<Lookup>;
  /** Holds the value for at most `ttlMs`; `generation` is that of a `lookup` made before the value was read. */
  put(context: Context, group: string, key: string, value: unknown, ttlMs: number, generation: string): Promise<void>;
  /** From now on, what the group holds is no longer current. */
  forget(context: Context, group: string): Promise<void>;
  /** From now on, nothing that is held for any tenant is current. */
  forgetAll(): Promise<void>;
  close(): Promise<void>;
}
