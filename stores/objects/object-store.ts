import type { Instant } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';

/** What a listing tells of an object. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Instant;
}

/**
 * Immutable objects by key. Keys are relative, `/`-separated, without `.` or `..` segments; the store keeps every
 * tenant's apart. A put is atomic: an object is either there whole or not at all, also after a kill.
 */
export interface ObjectStore {
  /** Stores the bytes; putting the same key again replaces the object whole. */
  put(context: Context, key: string, bytes: Uint8Array): Promise<void>;
  /** @throws StockcastError OBJECT_MISSING */
  get(context: Context, key: string): Promise<Uint8Array>;
  exists(context: Context, key: string): Promise<boolean>;
  /** The tenant's objects whose key begins with the prefix, ascending by key; those put or removed meanwhile may be missing. */
  list(context: Context, prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes the object; nothing happens where there is none. */
  remove(context: Context, key: string): Promise<void>;
  /**
   * An address from which anybody can download the object for so long, whether or not it is there; only of stores that
   * can be reached from elsewhere.
   */
  link?(context: Context, key: string, expiresInS: number): Promise<string>;
}
