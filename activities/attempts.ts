import { Context as ActivityContext } from '@temporalio/activity';
import { StockcastError } from '../domain/errors.ts';
import { asFailure, heartbeating } from './failure.ts';

/** What the heartbeats of a computing activity tell: people in the Web UI, and the next attempt. */
export interface Beat {
  /** Of this attempt, from 0 to 1. */
  readonly fraction?: number;
  /** The newest checkpoint that it saved or began from. */
  readonly checkpoint?: { readonly key: string; readonly fraction: number };
  /** How many attempts in a row before this one ended without a word, since the last checkpoint. */
  readonly crashes: number;
  /** Whether this attempt has ended in order; a process that dies can't say so. */
  readonly ended?: boolean;
}

/** Tells something new; told to Temporal within a second. */
export type Tell = (news: Partial<Beat>) => void;

/**
 * Runs the body of an activity whose input may be what kills the process: Temporal can't tell an attempt that crashed from
 * one whose database was away, so each attempt says in its heartbeats whether it ended in order, and when `maxCrashes` in
 * a row have not, the next one fails for good and says so. A checkpoint starts the count anew.
 */
export async function survivable<T>(maxCrashes: number, body: (tell: Tell) => Promise<T>): Promise<T> {
  const activity = ActivityContext.current();
  const before = activity.info.heartbeatDetails as Beat | undefined;
  const crashes = crashesAfter(before);
  if (crashes >= maxCrashes) {
    const fraction = before?.fraction ?? before?.checkpoint?.fraction;
    const progress = fraction === undefined ? 'its beginning' : `${Math.round(100 * fraction)}%`;
    throw asFailure(new StockcastError('WORKER_DIED', { step: activity.info.activityType, times: crashes, progress }));
  }
  const { checkpoint } = before ?? {};
  let beat: Beat = checkpoint === undefined ? { crashes } : { crashes, checkpoint };
  // At once: this attempt may not live for a second.
  activity.heartbeat(beat);
  return heartbeating(async (say) => {
    const tell: Tell = (news) => {
      beat = { ...beat, ...news };
      say(beat);
    };
    tell({});
    try {
      return await body(tell);
    } catch (error) {
      activity.heartbeat({ ...beat, ended: true });
      throw error;
    }
  });
}

function crashesAfter(before: Beat | undefined): number {
  if (before === undefined) return 0;
  // A worker of an earlier version told the fraction alone.
  const { crashes = 0, ended = false } = before as Partial<Beat>;
  return ended ? crashes : crashes + 1;
}
