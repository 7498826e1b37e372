import { Readable, pipeline } from 'node:stream';
import { CsvError, Parser } from 'csv-parse';
import { FileProblems, refuseFile } from './problems.ts';
import { textChunks } from './text-chunks.ts';

/** No honest row is longer; a quote that is never closed would otherwise take the rest of the file into memory. */
const LONGEST_ROW_BYTES = 65_536;
/** All three, since files put together from several sources mix them. */
const LINE_ENDS = ['\r\n', '\n', '\r'];

/** One row of a CSV file: its cells in the order of the wanted columns, `undefined` when it has too few or too many. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[] | undefined;
  /** How many cells the row has. */
  readonly width: number;
}

/** The header of a CSV file, as far as it matters. */
export interface CsvHeader {
  readonly width: number;
  /** Columns that nobody asked for. */
  readonly extra: readonly string[];
}

/**
 * Streams the rows of a CSV file, cells brought into the order of `columns`; names are matched without regard to case
 * and surrounding spaces. Blank lines are passed over.
 * @param onHeader told the header before the first row
 * @throws StockcastError FILE_REFUSED when the file is empty, a column is missing or named twice, a row never ends, or
 *   quotes don't close
 */
export async function* csvRecords(
  path: string,
  fileName: string,
  columns: readonly string[],
  onHeader: (header: CsvHeader) => void,
  signal?: AbortSignal,
): AsyncGenerator<CsvRecord> {
  const parser = new RowParser();
  // What goes wrong while reading destroys the parser with the error, which the loop below then throws.
  pipeline(Readable.from(textChunks(path, fileName, signal)), parser, () => {});
  let order: number[] | undefined;
  let width = 0;
  try {
    for await (const { record, line } of parser as AsyncIterable<ParsedRow>) {
      if (order === undefined) {
        order = columnOrder(record, columns, fileName);
        width = record.length;
        onHeader({ width, extra: extraColumns(record, columns) });
        continue;
      }
      const cells = record.length === width ? order.map((at) => record[at]!) : undefined;
      yield { line, cells, width: record.length };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const [column, reason] = brokenSyntax(error.code);
    throw refuseFile(fileName, parser.lineOfOpenRow, column, '', reason);
  }
  if (order === undefined) {
    throw refuseFile(fileName, 1, 'file', '', `the file is empty; expected a header with ${columns.join(',')}`);
  }
}

interface ParsedRow {
  readonly record: string[];
  /** The line on which the row ends. */
  readonly line: number;
}

/** The parser with line numbers: taking them from its `info` option costs two thirds more time a row. */
class RowParser extends Parser {
  #lastLine = 0;
  #blankLines = 0;

  constructor() {
    super({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: LINE_ENDS,
      max_record_size: LONGEST_ROW_BYTES,
    });
  }

  /** Where the row starts that the parser is in. It runs ahead of its readers, so they can't tell. */
  get lineOfOpenRow(): number {
    return this.#lastLine + 1 + this.info.empty_lines - this.#blankLines;
  }

  override push(record: string[] | null): boolean {
    if (record === null) return super.push(null);
    this.#lastLine = this.info.lines;
    this.#blankLines = this.info.empty_lines;
    return super.push({ record, line: this.info.lines } satisfies ParsedRow);
  }
}

function brokenSyntax(code: string): readonly [column: string, reason: string] {
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return [
      'row',
      `longer than ${LONGEST_ROW_BYTES} bytes: a quote in it is opened and never closed, or line ends are missing`,
    ];
  }
  if (code === 'CSV_QUOTE_NOT_CLOSED') return ['quotes', 'a quote is opened in this row and never closed'];
  return [
    'quotes',
    'a quote stands inside of a cell, or is not closed; quote the whole cell and double the quotes in it',
  ];
}

function columnOrder(header: readonly string[], columns: readonly string[], fileName: string): number[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const problems = new FileProblems(fileName);
  const found = header.join(',');
  const separator = header.length === 1 ? [';', '\t', '|'].find((mark) => found.includes(mark)) : undefined;
  if (separator !== undefined) {
    const mark = separator === '\t' ? 'tabs' : `"${separator}"`;
    throw refuseFile(fileName, 1, 'header', found, `the cells are separated by ${mark}; separate them by commas`);
  }
  if (!columns.some((column) => names.includes(column))) {
    throw refuseFile(fileName, 1, 'header', found, `there is no header; the first line must name ${columns.join(',')}`);
  }
  for (const column of columns) {
    const at = names.indexOf(column);
    if (at < 0) {
      problems.add(1, column, found, `the column "${column}" is missing; expected ${columns.join(',')} in any order`);
    } else if (names.indexOf(column, at + 1) >= 0) {
      problems.add(1, column, found, `the column "${column}" is there twice; keep one`);
    }
  }
  if (problems.count > 0) throw problems.refusal();
  return columns.map((column) => names.indexOf(column));
}

function extraColumns(header: readonly string[], columns: readonly string[]): string[] {
  const extra = header.map((name) => name.trim()).filter((name) => !columns.includes(name.toLowerCase()));
  return extra.map((name) => (name === '' ? '(without a name)' : name));
}
