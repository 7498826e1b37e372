import { setTimeout as sleep } from 'node:timers/promises';
import { Context as ActivityContext } from '@temporalio/activity';
import { StockcastError } from '../domain/errors.ts';
import { asFailure, heartbeating } from './failure.ts';
import type { Turns } from './turns.ts';

/** What the heartbeats of a computing activity tell: people in the Web UI, and the next attempt. */
export interface Beat {
  /** The attempt that tells this, from 1. */
  readonly attempt: number;
  /** Of this attempt, from 0 to 1. */
  readonly fraction?: number;
  /** The newest checkpoint that was saved or begun from. */
  readonly checkpoint?: { readonly key: string; readonly fraction: number };
  /** How many attempts in a row before this one ended without a word, since the last checkpoint. */
  readonly crashes: number;
  /** Whether the process can't be dying of this attempt: it ended in order, or has not begun yet. */
  readonly isInnocent?: boolean;
}

/** Tells something new; told to Temporal within a second. */
export type Tell = (news: Partial<Beat>) => void;

/** What becomes of steps whose attempts end without a word. */
export interface CrashRules {
  /** After so many in a row a step is given up. */
  readonly maxCrashes: number;
  /** Those that more than one process died of take turns, so that one of them can't be blamed for another. */
  readonly suspects: Turns;
}

const SUSPECT_AFTER = 2;

/**
 * Runs the body of an activity whose input may be what kills the process: Temporal can't tell an attempt that crashed from
 * one whose database was away, so each attempt that fails in order says so in its last heartbeat; when `maxCrashes` in a
 * row have not, the next one fails for good and says so. A checkpoint starts the count anew. Within a workflow task there
 * is one attempt and nobody to tell.
 */
export async function survivable<T>(
  { maxCrashes, suspects }: CrashRules,
  body: (tell: Tell) => Promise<T>,
): Promise<T> {
  const activity = ActivityContext.current();
  const { attempt, heartbeatDetails, isLocal } = activity.info;
  if (isLocal) return heartbeating(body);
  const before = heartbeatDetails as Beat | undefined;
  const crashes = crashesBefore(attempt, before);
  if (crashes >= maxCrashes) throw asFailure(givenUp(before, crashes));
  const { checkpoint } = before ?? {};
  let beat: Beat = { attempt, crashes, ...(checkpoint === undefined ? {} : { checkpoint }) };
  return heartbeating(async (say) => {
    const tell: Tell = (news) => {
      beat = { ...beat, ...news };
      say(beat);
    };
    const tellNow: Tell = (news) => {
      tell(news);
      activity.heartbeat(beat);
    };
    let endTurn: (() => void) | undefined;
    try {
      tell({});
      if (crashes >= SUSPECT_AFTER) {
        const mustWait = suspects.areTaken;
        if (mustWait) tellNow({ isInnocent: true });
        const turn = suspects.take();
        endTurn = () => void turn.then((end) => end());
        await Promise.race([turn, activity.cancelled]);
        if (mustWait) {
          tellNow({ isInnocent: false });
          // Heartbeats are held back for a part of this time: Temporal must have heard that it begins before it does.
          await sleep(activity.info.heartbeatTimeoutMs ?? 0, undefined, { signal: activity.cancellationSignal });
        }
      }
      return await body((news) => {
        tell(news);
        if (beat.crashes === 0) endTurn?.();
      });
    } catch (error) {
      tellNow({ isInnocent: true });
      throw error;
    } finally {
      endTurn?.();
    }
  });
}

/** How many attempts in a row before this one ended without a word. Most are over before they tell anything at all. */
function crashesBefore(attempt: number, before: Partial<Beat> | undefined): number {
  if (before === undefined) return attempt - 1;
  // Workers of earlier versions told less: the fraction alone, and always at once.
  const { crashes = 0, isInnocent = false, attempt: told = attempt - 1 } = before;
  // A person had Temporal count anew.
  if (told >= attempt) return 0;
  return crashes + (isInnocent ? 0 : 1) + (attempt - 1 - told);
}

function givenUp(before: Beat | undefined, times: number): StockcastError {
  const fraction = before?.fraction ?? before?.checkpoint?.fraction ?? 0;
  const step = ActivityContext.current().info.activityType;
  return new StockcastError('WORKER_DIED', { step, times, progress: `${Math.round(100 * fraction)}%` });
}
