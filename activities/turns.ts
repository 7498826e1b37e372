/** Lets one pass at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #taken = 0;

  /** Whether whoever comes now would have to wait. */
  get areTaken(): boolean {
    return this.#taken > 0;
  }

  /** Waits for a turn, and returns what ends it; ending it twice does nothing more. */
  async take(): Promise<() => void> {
    const before = this.#last;
    let pass: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      pass = resolve;
    });
    this.#taken++;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.#taken--;
      pass();
    };
    await before;
    return end;
  }
}
