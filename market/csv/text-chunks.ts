import { createReadStream } from 'node:fs';
import { StockcastError } from '../../domain/errors.ts';
import { refuseFile } from './problems.ts';

const NEWLINE = 0x0a;

/** The first bytes of files that people upload by mistake. */
const SIGNATURES: readonly { readonly bytes: readonly number[]; readonly name: string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], name: 'a ZIP archive or an Excel workbook; export it as CSV' },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], name: 'an old Excel workbook; export it as CSV' },
  { bytes: [0x1f, 0x8b], name: 'a gzip file; unpack it first' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], name: 'a PNG picture' },
  { bytes: [0xff, 0xd8, 0xff], name: 'a JPEG picture' },
  { bytes: [0x25, 0x50, 0x44, 0x46], name: 'a PDF document' },
  { bytes: [0x50, 0x41, 0x52, 0x31], name: 'a Parquet file; export it as CSV' },
  { bytes: [0xff, 0xfe], name: 'UTF-16 text; save it as UTF-8' },
  { bytes: [0xfe, 0xff], name: 'UTF-16 text; save it as UTF-8' },
];

/**
 * Reads a file as UTF-8 text, chunk by chunk.
 * @throws StockcastError FILE_REFUSED when it is no text or not UTF-8, with the line; FILE_UNREADABLE when it cannot be opened
 */
export async function* textChunks(path: string, fileName: string, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let first = true;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) })) {
      const bytes = chunk as Buffer;
      if (first) refuseKnownFormats(bytes, fileName);
      first = false;
      const nul = bytes.indexOf(0);
      if (nul >= 0) {
        throw refuseFile(
          fileName,
          line + newlines(bytes.subarray(0, nul)),
          'file',
          '',
          'not a text file: it has a NUL byte',
        );
      }
      try {
        yield decoder.decode(bytes, { stream: true });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        throw notUtf8(fileName, line + linesBeforeBadByte(bytes));
      }
      line += newlines(bytes);
    }
    try {
      yield decoder.decode();
    } catch {
      throw notUtf8(fileName, line);
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw cause;
    const problem = code === 'ENOENT' ? 'it does not exist' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new StockcastError('FILE_UNREADABLE', { file: fileName, problem }, { cause });
  }
}

function refuseKnownFormats(bytes: Buffer, fileName: string): void {
  const known = SIGNATURES.find((signature) => signature.bytes.every((byte, i) => bytes[i] === byte));
  if (known !== undefined) throw refuseFile(fileName, 1, 'file', '', `not a text file: it is ${known.name}`);
}

function notUtf8(fileName: string, line: number): StockcastError {
  return refuseFile(fileName, line, 'file', '', 'not UTF-8; save the file with the encoding UTF-8');
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

// A newline is never part of a multi-byte character, so lines can be checked one by one. The first and the last piece
// may hold halves of characters; the first is checked leniently, since its beginning was in the chunk before.
function linesBeforeBadByte(bytes: Buffer): number {
  let lines = 0;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const piece = bytes.subarray(start, end);
    const from = lines === 0 ? piece.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(piece.subarray(Math.max(0, from)));
    } catch {
      return lines;
    }
    lines++;
    start = end + 1;
  }
  return lines;
}
