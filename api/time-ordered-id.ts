import { randomUUID } from 'node:crypto';

/** A UUID of version 7 (RFC 9562, section 5.7): it begins with the time in milliseconds, and the rest is random. */
export function timeOrderedId(time: number): string {
  const digits = time.toString(16).padStart(12, '0');
  // Version 4 has its random digits and its variant in the same places.
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7${randomUUID().slice(15)}`;
}
