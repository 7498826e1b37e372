import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import type { Request } from 'express';
import { StockcastError } from '../domain/errors.ts';

const FIELD_BYTES = 1000;
const NAME_LENGTH = 200;

/** A file of the form, on disk. */
export interface UploadedFile {
  readonly path: string;
  /** Its name as the client gave it, fit to be shown. */
  readonly name: string;
}

/** What a multipart form held. */
export interface UploadForm {
  readonly files: Readonly<Record<string, UploadedFile>>;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a form may hold. */
export interface UploadRules {
  /** Folder for the temporary files; made if it is missing. */
  readonly dir: string;
  readonly limitBytes: number;
  readonly fileNames: readonly string[];
  readonly fieldNames: readonly string[];
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/**
 * Streams a multipart form to disk, gives it to `use`, and removes its files again, whatever happens.
 * @throws StockcastError UPLOAD_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, REQUEST_INVALID; the rest of the form is then read
 *   and thrown away
 */
export async function withUploadForm<T>(
  request: Request,
  rules: UploadRules,
  use: (form: UploadForm) => Promise<T>,
): Promise<T> {
  const type = request.get('content-type') ?? '';
  if (!request.is('multipart/form-data')) {
    const expected = 'multipart/form-data (curl: -F file=@prices.csv)';
    throw new StockcastError('MEDIA_TYPE_UNSUPPORTED', { type, expected });
  }
  const dir = join(rules.dir, randomUUID());
  await mkdir(dir, { recursive: true, mode: 0o700 });
  try {
    return await use(await receive(request, dir, rules));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function receive(request: Request, dir: string, rules: UploadRules): Promise<UploadForm> {
  const { limitBytes, fileNames, fieldNames, signal } = rules;
  const files: Record<string, UploadedFile> = {};
  const fields: Record<string, string> = {};
  const writes: Promise<void>[] = [];
  const seen = new Set<string>();
  const known = [...fileNames, ...fieldNames].join(', ');
  const parser = openParser(request, limitBytes, fileNames.length, fieldNames.length);

  let refusal: Error | undefined;
  const refuse = (error: Error) => {
    refusal ??= error;
    request.unpipe(parser);
    // The parser does not bear to be destroyed by one of its own events.
    setImmediate(() => parser.destroy());
  };
  const refuseField = (field: string, problem: string) =>
    refuse(new StockcastError('REQUEST_INVALID', { field, problem }));

  const write = async (name: string, stream: Readable, fileName: string | undefined) => {
    const path = join(dir, `${name}.csv`);
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    stream.once('limit', () => {
      refuse(new StockcastError('UPLOAD_TOO_LARGE', { limit: limitBytes, setting: 'STOCKCAST_UPLOAD_LIMIT_BYTES' }));
    });
    await pipeline(stream, file);
    // A browser sends a file field that was left empty as a file without a name.
    if (fileName !== undefined || file.bytesWritten > 0)
      files[name] = { path, name: presentable(fileName ?? `${name}.csv`) };
  };

  parser.on('file', (name, stream, { filename }) => {
    // A stream that is refused may still break; that is part of the refusal.
    stream.on('error', () => {});
    if (!fileNames.includes(name)) {
      const isOption = fieldNames.includes(name);
      refuseField(name, isOption ? 'expected text, not a file' : `there is no such field; possible: ${known}`);
    } else if (seen.has(name)) refuseField(name, 'given twice');
    else writes.push(write(name, stream, filename).catch((error: Error) => refuse(error)));
    seen.add(name);
  });
  parser.on('field', (name, value, { valueTruncated }) => {
    if (fileNames.includes(name)) {
      // The page at /docs sends a file field that was left empty as an empty text.
      if (value !== '') refuseField(name, `expected a file, not text (curl: -F ${name}=@${name}.csv)`);
      else if (seen.has(name)) refuseField(name, 'given twice');
    } else if (!fieldNames.includes(name)) refuseField(name, `there is no such field; possible: ${known}`);
    else if (seen.has(name)) refuseField(name, 'given twice');
    else if (valueTruncated) refuseField(name, `longer than ${FIELD_BYTES} bytes`);
    else fields[name] = value;
    seen.add(name);
  });
  for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
    parser.once(limit, () => refuseField('form', `more fields than there are; possible, each once: ${known}`));
  }

  const abandon = () => refuse(new Error('the client went away'));
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await new Promise<void>((resolve) => {
      parser.on('error', (cause) => {
        const problem = (cause as Error).message;
        refuse(new StockcastError('REQUEST_INVALID', { field: 'form', problem }, { cause }));
      });
      parser.once('close', resolve);
      if (signal.aborted) abandon();
      request.pipe(parser);
    });
    await Promise.all(writes);
  } finally {
    signal.removeEventListener('abort', abandon);
    request.unpipe(parser);
    // Whoever is still sending reads the answer only when the rest is taken.
    request.resume();
  }
  // Set in callbacks, which the compiler does not follow.
  const refused = refusal as Error | undefined;
  if (refused !== undefined) throw refused;
  return { files, fields };
}

function openParser(request: Request, limitBytes: number, nFiles: number, nFields: number) {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      // The parser counts a file that fills its limit exactly as too long.
      limits: {
        fileSize: limitBytes + 1,
        files: nFiles,
        fields: nFields + nFiles,
        fieldSize: FIELD_BYTES,
        headerPairs: 20,
      },
    });
  } catch (cause) {
    throw new StockcastError('REQUEST_INVALID', { field: 'form', problem: (cause as Error).message }, { cause });
  }
}

function presentable(fileName: string): string {
  return fileName.replace(/\p{Cc}/gu, '?').slice(0, NAME_LENGTH);
}
