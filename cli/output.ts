import pc from 'picocolors';

/** Where text goes: a terminal, a pipe or a file. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Colors = ReturnType<typeof pc.createColors>;

/**
 * Writes what a command has to say. People get text on stdout; with `json`, stdout carries one JSON document and
 * nothing else, and progress goes to stderr.
 */
export class Output {
  readonly json: boolean;
  /** Where progress goes. */
  readonly progress: TextStream;
  /** Colours of progress and results, plain where the stream is no terminal. */
  readonly colors: Colors;
  readonly #stdout: TextStream;
  #diversion: ((line: string) => void) | undefined;

  constructor(stdout: TextStream, stderr: TextStream, json: boolean) {
    this.json = json;
    this.#stdout = stdout;
    this.progress = json ? stderr : stdout;
    this.colors = colorsOf(this.progress);
  }

  /** A line of progress. */
  say(line: string): void {
    if (this.#diversion === undefined) this.progress.write(`${line}\n`);
    else this.#diversion(line);
  }

  /** Sends lines of progress elsewhere, such as above a block that is drawn in place, until the returned call. */
  divert(to: (line: string) => void): () => void {
    this.#diversion = to;
    return () => {
      this.#diversion = undefined;
    };
  }

  /** The outcome of the command: JSON for machines, text for people. */
  result(value: unknown, text: () => string): void {
    this.#stdout.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`);
  }
}

/** Colours for a stream; plain text unless it is a terminal that shows them. */
function colorsOf(stream: TextStream): Colors {
  return pc.createColors(stream.isTTY === true && pc.isColorSupported);
}
