import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** What can be written as JSON without loss. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON with sorted keys and no white space, so that equal values give equal text. Absent (`undefined`) fields are left out.
 * @throws TypeError on what JSON would lose: NaN, infinities, typed arrays
 */
export function canonicalJson(value: Json | object): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`not a finite number: ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (ArrayBuffer.isView(value)) throw new TypeError('a typed array has no form in JSON');
  const fields = Object.entries(value as { readonly [key: string]: Json | undefined })
    .filter((field): field is [string, Json] => field[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

/** SHA-256 of bytes or of a text's UTF-8, as 64 lower-case hex digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return bytesToHex(sha256(typeof content === 'string' ? utf8ToBytes(content) : content));
}

/** SHA-256 of the canonical JSON of a value, as 64 lower-case hex digits. */
export function contentHash(value: Json | object): string {
  return sha256Hex(canonicalJson(value));
}

/** The first 12 hex digits of a content hash: enough for ids that people read. */
export function shortHash(value: Json | object): string {
  return contentHash(value).slice(0, 12);
}
