import type { TextStream } from '../output.ts';

const LINE_WRAP_OFF = '\u001b[?7l';
const LINE_WRAP_ON = '\u001b[?7h';
const CLEAR_BELOW = '\u001b[0J';
const DEFAULT_ROWS = 24;

/** A block of lines at the bottom of a terminal that is drawn again in place; other lines scroll away above it. */
export class LiveBlock {
  readonly #terminal: TextStream;
  #lines: readonly string[] = [];
  #height = 0;

  constructor(terminal: TextStream) {
    this.#terminal = terminal;
  }

  /** Replaces the block. What does not fit on the screen is left out, since it could not be drawn over. */
  draw(lines: readonly string[]): void {
    this.#lines = lines.slice(0, Math.max(1, (this.#terminal.rows ?? DEFAULT_ROWS) - 1));
    // The terminal itself cuts long lines: a wrapped one would take two rows and break the count.
    const text = this.#lines.map((line) => `${line}\n`).join('');
    this.#terminal.write(`${this.#erase()}${LINE_WRAP_OFF}${text}${LINE_WRAP_ON}`);
    this.#height = this.#lines.length;
  }

  /** Writes lines above the block. */
  above(text: string): void {
    this.#terminal.write(`${this.#erase()}${text}\n`);
    this.#height = 0;
    this.draw(this.#lines);
  }

  /** Removes the block. */
  clear(): void {
    this.#terminal.write(this.#erase());
    this.#lines = [];
    this.#height = 0;
  }

  #erase(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}F${CLEAR_BELOW}`;
  }
}
