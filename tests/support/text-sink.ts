/** A stream that keeps what is written to it; a terminal of a given size when `rows` is given. */
export class TextSink {
  text = '';
  readonly isTTY: boolean;
  readonly rows: number;

  constructor(rows?: number) {
    this.isTTY = rows !== undefined;
    this.rows = rows ?? 0;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}
