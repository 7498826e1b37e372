import type { Context } from '../../domain/context.ts';

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
}
