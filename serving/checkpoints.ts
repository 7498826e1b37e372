import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { Context } from '../domain/context.ts';
import { type Json, contentHash } from '../domain/identity.ts';
import type { State } from '../models/checkpoints.ts';
import { unlessLost } from './lost-objects.ts';
import { checkpointKey } from './object-keys.ts';
import type { Services } from './services.ts';
import type { TaskOptions } from './training-pool.ts';

/** What becomes of the checkpoints of a computation. */
export type CheckpointNews =
  /** It goes on from here, or has come here and saved that. */
  | { readonly event: 'resumed' | 'saved'; readonly key: string; readonly fraction: number }
  /** The one there is can't be used (it begins anew), a further one not be stored, or the last not be removed. */
  | { readonly event: 'unusable' | 'unsaved' | 'left'; readonly key: string; readonly problem: string };

/** How a use case computes: as a task of the training pool, with news of its checkpoints. */
export interface ComputationOptions extends Pick<TaskOptions, 'signal' | 'onProgress'> {
  readonly onCheckpoint?: (news: CheckpointNews) => void;
}

/** What a computation is: all that decides its bytes must be in `identity`, the backend and the code included. */
export interface Computation {
  readonly ticker: string;
  readonly identity: { readonly [name: string]: Json };
}

/** What a computation brought, and how much of it was done before: absent where it began at the beginning. */
export interface Resumed<T> {
  readonly value: T;
  readonly resumedFrom?: number;
}

interface Header {
  readonly computation: string;
  readonly sha256: string;
  readonly fraction: number;
}

/**
 * Computes with a checkpoint in the object store: goes on from the one that an equal computation has left, replaces it as
 * it goes, and removes it when `body`, which computes and stores what came of it, is done. What is wrong with
 * checkpoints is told and fails nothing: without a usable one the computation begins anew, to the same bytes.
 */
export async function withCheckpoints<T>(
  services: Services,
  context: Context,
  { ticker, identity }: Computation,
  { onCheckpoint, ...options }: ComputationOptions,
  body: (options: TaskOptions) => Promise<T>,
): Promise<Resumed<T>> {
  const computation = contentHash(identity);
  const key = checkpointKey(ticker, computation);
  const { objects } = services;
  let isThere = false;
  const begun = await readCheckpoint(services, context, key, computation);
  if (begun !== undefined && 'problem' in begun) onCheckpoint?.({ event: 'unusable', key, problem: begun.problem });
  const found = begun !== undefined && 'state' in begun ? begun : undefined;
  if (found !== undefined) onCheckpoint?.({ event: 'resumed', key, fraction: found.fraction });
  if (begun !== undefined) isThere = true;

  let newest: { readonly state: State; readonly fraction: number } | undefined;
  let writing: Promise<void> | undefined;
  // One after the other; where storing takes longer than computing, only the newest.
  const write = async () => {
    while (newest !== undefined) {
      const { state, fraction } = newest;
      newest = undefined;
      try {
        await objects.put(context, key, encode(computation, state, fraction));
        isThere = true;
        onCheckpoint?.({ event: 'saved', key, fraction });
      } catch (error) {
        onCheckpoint?.({ event: 'unsaved', key, problem: (error as Error).message });
      }
    }
    writing = undefined;
  };
  const save = (state: State, fraction: number) => {
    newest = { state, fraction };
    writing ??= write();
  };

  let value: T;
  try {
    const checkpoints = found === undefined ? { save } : { save, resumeFrom: found.state };
    value = await body({ ...options, checkpoints });
    newest = undefined;
  } finally {
    await writing;
  }
  try {
    if (isThere) await objects.remove(context, key);
  } catch (error) {
    onCheckpoint?.({ event: 'left', key, problem: (error as Error).message });
  }
  return found === undefined ? { value } : { value, resumedFrom: found.fraction };
}

type Found = { readonly state: State; readonly fraction: number } | { readonly problem: string };

async function readCheckpoint(
  { objects }: Services,
  context: Context,
  key: string,
  computation: string,
): Promise<Found | undefined> {
  if (!(await objects.exists(context, key))) return undefined;
  const bytes = await unlessLost(objects.get(context, key));
  return bytes === undefined ? { problem: 'it is lost or damaged' } : decode(bytes, computation);
}

/** A line of JSON that says what the rest is, and the rest. */
function encode(computation: string, state: State, fraction: number): Uint8Array {
  const body = serialize(state);
  const header: Header = { computation, fraction, sha256: sha256(body) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
}

function decode(bytes: Uint8Array, computation: string): Found {
  const end = bytes.indexOf(0x0a);
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))) as Header;
    if (header.computation !== computation) return { problem: 'it belongs to another computation' };
    const body = bytes.subarray(end + 1);
    // Checked before anything is read from it: the reader trusts what it is given.
    if (header.sha256 !== sha256(body)) return { problem: 'its bytes are not those that were saved' };
    return { state: deserialize(body) as State, fraction: header.fraction };
  } catch (error) {
    return { problem: `it can't be read: ${(error as Error).message}` };
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
