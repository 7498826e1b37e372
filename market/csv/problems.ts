import { StockcastError } from '../../domain/errors.ts';

/** One thing wrong with a file: where, what was found, and why it cannot stand. `line` counts from 1, header included. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly value: string;
  readonly reason: string;
}

const KEPT = 1000;
const SHOWN = 20;
const LONGEST_VALUE = 80;

/** Collects what is wrong with a file, bounded: every problem is counted, the first thousand are kept. */
export class FileProblems {
  readonly file: string;
  readonly kept: FileProblem[] = [];
  #count = 0;

  constructor(file: string) {
    this.file = file;
  }

  get count(): number {
    return this.#count;
  }

  add(line: number, column: string, value: string, reason: string): void {
    this.#count++;
    if (this.kept.length >= KEPT) return;
    const shown = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
    this.kept.push({ file: this.file, line, column, value: shown, reason });
  }

  /** The error that refuses the whole file, naming the first problems by line. */
  refusal(): StockcastError {
    const errors = [...this.kept].sort((a, b) => a.line - b.line);
    const shown = errors.slice(0, SHOWN).map(inWords);
    const more = this.#count - shown.length;
    if (more > 0) shown.push(`and ${more} more`);
    return new StockcastError('FILE_REFUSED', {
      file: this.file,
      problems: shown.join('; '),
      nRejected: this.#count,
      errors,
    });
  }
}

/** One problem as a sentence. */
export function inWords({ line, column, value, reason }: FileProblem): string {
  return `line ${line}, ${column}${value === '' ? '' : ` "${value}"`}: ${reason}`;
}

/** Refuses a file for what it is rather than for one of its rows. */
export function refuseFile(file: string, line: number, column: string, value: string, reason: string): StockcastError {
  const problems = new FileProblems(file);
  problems.add(line, column, value, reason);
  return problems.refusal();
}
