import type { Context } from '../../domain/context.ts';

const SEGMENT = '[A-Za-z0-9%_-][A-Za-z0-9%._-]*';
const KEY = new RegExp(`^${SEGMENT}(/${SEGMENT})*$`);
const BEGINNING = new RegExp(`^(${SEGMENT}/)*(${SEGMENT})?$`);

/** Whether a text can be an object's key. */
export function isKey(text: string): boolean {
  return KEY.test(text);
}

/** Whether a key can begin with this text. */
export function mayBeginKey(text: string): boolean {
  return BEGINNING.test(text);
}

/**
 * The key below the tenant's name, which tells tenants' objects apart.
 * @throws RangeError when either is ill-formed
 */
export function tenantKey({ tenant }: Context, key: string): string {
  requireTenant(tenant, key);
  if (!isKey(key)) throw notAKey(tenant, key);
  return `${tenant}/${key}`;
}

/**
 * What all keys of a tenant begin with, and those of no other.
 * @throws RangeError when the tenant's name is ill-formed
 */
export function tenantPrefix({ tenant }: Context): string {
  requireTenant(tenant, '');
  return `${tenant}/`;
}

function requireTenant(tenant: string, key: string): void {
  if (!isKey(tenant) || tenant.includes('/')) throw notAKey(tenant, key);
}

function notAKey(tenant: string, key: string): RangeError {
  return new RangeError(`not an object key: ${JSON.stringify(`${tenant}/${key}`)}`);
}
