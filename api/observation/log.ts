import { type DestinationStream, type Logger, pino } from 'pino';
import { withoutSecrets } from '../../domain/without-secrets.ts';

/** Levels of the log, by which it can be made quieter. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Largest log that may wait for a reader that is slow; what comes then is dropped and counted. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
/** Lines are handed on in chunks of so many characters, or after so long. */
const CHUNK_CHARACTERS = 8192;
const FLUSH_EVERY_MS = 500;

/** Fields that hold secrets wherever they come from; none is logged on purpose. */
const SECRET_FIELDS = new Set(['authorization', 'cookie', 'password', 'token', 'secret', 'api_key', 'apikey']);
/** What is logged, with fields that name a secret blotted out; looks as deep as anything here is nested. */
function withoutSecretFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  let clean = fields;
  for (const name in fields) {
    const value = fields[name];
    if (SECRET_FIELDS.has(name)) clean = { ...clean, [name]: '***' };
    else if (depth === 0 && typeof value === 'object' && value !== null && !(value instanceof Error)) {
      const inner = withoutSecretFields(value as Record<string, unknown>, 1);
      if (inner !== value) clean = { ...clean, [name]: inner };
    }
  }
  return clean;
}

/** A log of JSON lines; messages and `error` fields go through `withoutSecrets`, and fields that name a secret are left out. */
export function createLog(level: LogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => withoutSecretFields(fields) },
      serializers: { error: (error: unknown) => withoutSecrets(typeof error === 'string' ? error : traceOf(error)) },
    },
    destination,
  );
}

/** A destination that collects lines and writes them behind the answers' back. */
export interface LogFile {
  readonly stream: DestinationStream;
  /** Lines that were dropped because nobody read them. */
  readonly dropped: () => number;
  /** Writes what is left, for at most so long. */
  close(timeoutMs: number): Promise<void>;
}

/** Writes to a file descriptor, by default standard error, without waiting for it. */
export function openLogFile(fd = 2): LogFile {
  // Without a least length, its flush would wait for nothing.
  const file = pino.destination({ fd, sync: false, minLength: 1, maxLength: MOST_WAITING_BYTES });
  let dropped = 0;
  file.on('drop', (chunk: string) => {
    dropped += chunk.split('\n').length - 1;
  });
  // Whoever read the log has gone: there is nobody left to tell.
  file.on('error', () => {});
  // The file would measure all that waits again with every line.
  let lines: string[] = [];
  let length = 0;
  const handOn = () => {
    if (length > 0) file.write(lines.join(''));
    lines = [];
    length = 0;
  };
  const write = (line: string) => {
    lines.push(line);
    length += line.length;
    if (length >= CHUNK_CHARACTERS) handOn();
  };
  const flushing = setInterval(handOn, FLUSH_EVERY_MS).unref();
  return {
    stream: { write },
    dropped: () => dropped,
    close: (timeoutMs) => {
      clearInterval(flushing);
      handOn();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        file.flush(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

/** An error with its stack and what caused it. */
function traceOf(error: unknown): string {
  const traces: string[] = [];
  for (let next = error; next !== undefined; next = next instanceof Error ? next.cause : undefined) {
    traces.push(next instanceof Error ? (next.stack ?? next.message) : String(next));
  }
  return traces.join('\ncaused by: ');
}
