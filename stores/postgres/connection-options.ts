import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { StockcastError } from '../../domain/errors.ts';

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

/** `sslrootcert` that means the certificate authorities that come with Node. */
const SYSTEM = 'system';

/**
 * How to connect by a `postgres://` address, every connection alike. `sslmode` means what it does to libpq: `require`
 * encrypts without asking who answers (with `sslrootcert`, as `verify-ca`), `verify-ca` asks for a certificate of that
 * authority, `verify-full` also for the host's name in it; without one, nothing is encrypted. The driver alone would
 * take them otherwise.
 * @throws StockcastError CONFIG_INVALID when a mode is unknown or a file of certificates or keys cannot be read
 */
export function connectionOptions(address: string): Pick<pg.ClientConfig, 'connectionString' | 'ssl'> {
  const url = new URL(address);
  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value ?? undefined;
  };
  const [given, rootCert, cert, key] = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'].map(take);
  if ([given, rootCert, cert, key].every((value) => value === undefined)) return { connectionString: address };
  const mode = modeOf(given, rootCert);
  const connectionString = url.href;
  if (mode === 'disable') return { connectionString, ssl: false };
  const host = url.hostname.replace(/^\[(.+)\]$/, '$1');
  const ssl: ConnectionOptions = {
    ...(rootCert === undefined || rootCert === SYSTEM ? {} : { ca: read('sslrootcert', rootCert) }),
    ...(cert === undefined ? {} : { cert: read('sslcert', cert) }),
    ...(key === undefined ? {} : { key: read('sslkey', key) }),
    ...(mode === 'require' ? { rejectUnauthorized: false } : {}),
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    // The driver says the name of a host, not an address, against which Node would then compare "localhost".
    ...(isIP(host) === 0 ? {} : { host }),
  };
  return { connectionString, ssl };
}

function modeOf(given: string | undefined, rootCert: string | undefined): Mode {
  // Whoever names certificates wants them used.
  const mode = MODES.find((each) => each === (given ?? 'verify-full'));
  if (mode === undefined) throw invalid(`sslmode "${given}" is not possible: expected ${MODES.join(', ')}`);
  if (mode === 'require' && rootCert !== undefined && rootCert !== SYSTEM) return 'verify-ca';
  if (mode === 'verify-ca' && (rootCert === undefined || rootCert === SYSTEM)) {
    throw invalid('sslmode verify-ca needs the certificate of an authority of your own in sslrootcert; or verify-full');
  }
  return mode;
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw invalid(`${name} "${path}" cannot be read (${code})`, cause);
  }
}

function invalid(problem: string, cause?: unknown): StockcastError {
  return new StockcastError('CONFIG_INVALID', { problems: `DATABASE_URL: ${problem}` }, { cause });
}
