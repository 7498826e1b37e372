/** Where the time comes from. Code never reads the system clock itself, so that a run can be replayed at another time. */
export interface Clock {
  now(): Date;
}

/** Who asks, for which tenant, at what time; the first argument of every port call and use case. */
export interface Context {
  /** Owner of the data; part of every table row, object key and workflow id. */
  readonly tenant: string;
  /** Who is answerable for the call, written into the ledger. */
  readonly principal: string;
  readonly clock: Clock;
}

/** A `Context` as it travels in workflow inputs; the clock is the system's where it is rebuilt. */
export interface ContextRecord {
  readonly tenant: string;
  readonly principal: string;
}

export const DEFAULT_TENANT = 'default';

export const systemClock: Clock = { now: () => new Date() };

/** A clock that always tells the same instant. */
export function fixedClock(instant: string | Date): Clock {
  const time = new Date(instant).getTime();
  return { now: () => new Date(time) };
}

/** Rebuilds the context of a call from the record in a workflow's input. */
export function contextFrom({ tenant, principal }: ContextRecord): Context {
  return { tenant, principal, clock: systemClock };
}
