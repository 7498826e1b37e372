import { StockcastError } from '../../domain/errors.ts';

// Socket errors; then PostgreSQL's classes 08 (connection), 53 (out of connections, memory, disk), 57P (shutting down,
// starting up) and 57014 (a statement took too long).
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|08\w{3}|53\w{3}|57P\w\w|57014)$/;
// Failures that the driver tells without a code.
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;
// Certificates that are not believed, and a server without TLS where it is asked for.
const TLS = /^(CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/;
const TLS_MESSAGE = /^The server does not support SSL connections/;
// Class 28 (refused user or password) and 3D000 (no such database).
const REFUSED = /^(28\w{3}|3D000)$/;

/** What a failed call of the database means: an error of the system's own where it is the database's fault. */
export function databaseFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StockcastError) return error;
  // A host name with several addresses fails once for each of them.
  if (error instanceof AggregateError && error.errors.length > 0) return databaseFailure(error.errors[0]);
  const code = String((error as { code?: unknown }).code ?? '');
  const problem = error.message || code;
  if (code === '57014' && /statement timeout/.test(problem)) {
    const longest = `${problem}: the limit is DATABASE_STATEMENT_TIMEOUT_MS`;
    return new StockcastError('DATABASE_UNAVAILABLE', { problem: longest }, { cause: error });
  }
  if (TLS.test(code) || TLS_MESSAGE.test(error.message)) {
    const problems = `DATABASE_URL: no TLS connection to the server: ${problem} (${code || 'TLS'}); see sslmode and sslrootcert in docs/configuration.md`;
    return new StockcastError('CONFIG_INVALID', { problems }, { cause: error });
  }
  if (AWAY.test(code) || AWAY_MESSAGE.test(error.message)) {
    return new StockcastError('DATABASE_UNAVAILABLE', { problem }, { cause: error });
  }
  if (REFUSED.test(code)) {
    return new StockcastError('CONFIG_INVALID', { problems: `DATABASE_URL: ${problem}` }, { cause: error });
  }
  return error;
}
