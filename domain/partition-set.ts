const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BITS = 6;

/**
 * Which of a numbered lot were chosen, as text of six numbers to a character: 10,000 partitions fit into 1.7 KB however
 * many of them failed, so that the set can travel in a workflow's input.
 */
export class PartitionSet {
  readonly #chosen = new Set<number>();

  /** The set that was written by `toText`. */
  static from(text: string): PartitionSet {
    const set = new PartitionSet();
    for (let at = 0; at < text.length; at++) {
      const bits = ALPHABET.indexOf(text[at]!);
      for (let bit = 0; bit < BITS; bit++) if ((bits >> bit) & 1) set.add(at * BITS + bit);
    }
    return set;
  }

  get size(): number {
    return this.#chosen.size;
  }

  has(number: number): boolean {
    return this.#chosen.has(number);
  }

  add(number: number): void {
    this.#chosen.add(number);
  }

  delete(number: number): void {
    this.#chosen.delete(number);
  }

  /** The numbers, ascending. */
  numbers(): number[] {
    return [...this.#chosen].sort((a, b) => a - b);
  }

  /** Empty for the empty set; as long as the largest number asks for. */
  toText(): string {
    const numbers = this.numbers();
    const cells = new Uint8Array(numbers.length === 0 ? 0 : Math.floor(numbers.at(-1)! / BITS) + 1);
    for (const number of numbers) cells[Math.floor(number / BITS)]! |= 1 << (number % BITS);
    return Array.from(cells, (bits) => ALPHABET[bits]!).join('');
  }
}
