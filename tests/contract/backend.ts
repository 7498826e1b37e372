import { randomBytes } from 'node:crypto';
import type { Context } from '../../domain/context.ts';

/** Storage behind a port, empty at first. `connect` gives adapters that share it as those of several processes do. */
export interface Backend<Store> {
  connect(): Store;
  close(): Promise<void>;
}

/** A context whose clock a test sets. */
export interface TestContext extends Context {
  /** Sets the clock to an ISO instant. */
  at(instant: string): TestContext;
}

/** A tenant of one test's own at noon of 2013-03-01, unless told otherwise. */
export function freshContext(tenant = `t-${randomBytes(6).toString('hex')}`): TestContext {
  let now = '2013-03-01T12:00:00.000Z';
  const context: TestContext = {
    tenant,
    principal: 'tester',
    clock: { now: () => new Date(now) },
    at(instant) {
      now = instant;
      return context;
    },
  };
  return context;
}
