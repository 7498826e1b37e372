import type { Instant } from '../domain/bar.ts';
import type { Certificate } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import type { ObjectInfo } from '../stores/objects/object-store.ts';
import { unlessLost } from './lost-objects.ts';
import { OBJECT_KINDS } from './object-keys.ts';
import { type References, referencedKeys } from './references.ts';
import type { Services } from './services.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** So many suspects are looked at together, with references read anew. */
const BATCH = 500;
const SHOWN_KEYS = 100;

/** Objects together. */
export interface ObjectTotals {
  readonly objects: number;
  readonly bytes: number;
  /** When the oldest was written; null where there are none. */
  readonly oldest: Instant | null;
}

/** What a collection of garbage found, as people and programs are given it. */
export interface GarbageReport {
  readonly older_than_days: number;
  /** Whether the garbage was removed, or is only told. */
  readonly removed: boolean;
  readonly garbage: ObjectTotals & {
    readonly by_kind: readonly (ObjectTotals & { readonly kind: string })[];
    /** The first 100. */
    readonly keys: readonly string[];
  };
  /** Why the rest stays. */
  readonly kept: {
    /** A row of the database points to it. */
    readonly referenced: ObjectTotals;
    /** No row points to it, but it was written lately: a run under way may be about to. */
    readonly young: ObjectTotals;
    /** Of a kind that this version does not know. */
    readonly unknown: ObjectTotals;
  };
}

/** What is garbage and what becomes of it. */
export interface GarbageRequest {
  /** At least 1. */
  readonly olderThanDays: number;
  /** Remove it; otherwise nothing is changed. */
  readonly remove: boolean;
  /** Ends the work between two objects. */
  readonly signal?: AbortSignal;
  /** Is told how much garbage was found, and removed if so asked, so far. */
  readonly onProgress?: (soFar: ObjectTotals) => void;
}

/**
 * Collects objects that no row points to and that were written more than so many days ago: what killed or failed runs
 * have left. References are read after the objects were listed, and an object that was written meanwhile stays, so that
 * it can go on beside runs. Asked again, it goes on where it was ended.
 * @throws StockcastError REFERENCES_UNKNOWN
 * @throws the signal's reason when it aborts
 */
export async function collectGarbage(
  services: Services,
  context: Context,
  { olderThanDays, remove, signal, onProgress }: GarbageRequest,
): Promise<GarbageReport> {
  if (!(olderThanDays >= 1)) throw new RangeError(`garbage must be at least a day old, not ${olderThanDays}`);
  const writtenBefore = new Date(context.clock.now().getTime() - olderThanDays * DAY_MS).toISOString();
  const byKind = new Map<string, Totals>(OBJECT_KINDS.map((kind) => [kind, new Totals()]));
  const [garbage, referenced, young, unknown] = [new Totals(), new Totals(), new Totals(), new Totals()];
  const keys: string[] = [];
  let suspects: ObjectInfo[] = [];

  const judge = async () => {
    if (suspects.length === 0) return;
    const references = await referencedKeys(services, context);
    for (const suspect of suspects) {
      signal?.throwIfAborted();
      if (references.keys.has(suspect.key) || (await isRecord(services, context, references, suspect.key))) {
        referenced.add(suspect);
        continue;
      }
      if (remove && !(await removeUnlessWritten(services, context, suspect))) {
        young.add(suspect);
        continue;
      }
      garbage.add(suspect);
      byKind.get(kindOf(suspect.key))!.add(suspect);
      if (keys.length < SHOWN_KEYS) keys.push(suspect.key);
    }
    suspects = [];
    onProgress?.(garbage.value);
  };

  // Rows are never deleted: what is referenced now will be, and needs no second look.
  const before = await referencedKeys(services, context);
  for await (const info of services.objects.list(context, '')) {
    signal?.throwIfAborted();
    if (!byKind.has(kindOf(info.key))) unknown.add(info);
    else if (before.keys.has(info.key)) referenced.add(info);
    else if (info.modifiedAt >= writtenBefore) young.add(info);
    else if (suspects.push(info) >= BATCH) await judge();
  }
  await judge();
  const kinds = [...byKind].map(([kind, totals]) => ({ kind, ...totals.value })).filter(({ objects }) => objects > 0);
  return {
    older_than_days: olderThanDays,
    removed: remove,
    garbage: { ...garbage.value, by_kind: kinds, keys },
    kept: { referenced: referenced.value, young: young.value, unknown: unknown.value },
  };
}

class Totals {
  value: ObjectTotals = { objects: 0, bytes: 0, oldest: null };

  add({ bytes, modifiedAt }: ObjectInfo): void {
    const { value } = this;
    const oldest = value.oldest === null || modifiedAt < value.oldest ? modifiedAt : value.oldest;
    this.value = { objects: value.objects + 1, bytes: value.bytes + bytes, oldest };
  }
}

function kindOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

/** Whether it is a certificate of a registered model. Its row names the newest one; a verdict may yet rest on another. */
async function isRecord(services: Services, context: Context, { models }: References, key: string): Promise<boolean> {
  if (kindOf(key) !== 'certificates') return false;
  const bytes = await unlessLost(services.objects.get(context, key));
  if (bytes === undefined) return false;
  try {
    const certificate = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Certificate> | null;
    return models.has(certificate?.modelId ?? '');
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A run may have written the same object again since it was listed. */
async function removeUnlessWritten(services: Services, context: Context, listed: ObjectInfo): Promise<boolean> {
  for await (const { key, modifiedAt } of services.objects.list(context, listed.key)) {
    if (key !== listed.key) break;
    if (modifiedAt !== listed.modifiedAt) return false;
  }
  await services.objects.remove(context, listed.key);
  return true;
}
