import { type Context, fixedClock } from '../../domain/context.ts';

/** A context of a tenant at an instant. */
export function contextOf(tenant: string, now = '2013-03-04T12:00:00.000Z'): Context {
  return { tenant, principal: `${tenant}'s tester`, clock: fixedClock(now) };
}
