import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * A peer in a process of its own that lives as long as the bench: each question is a line of JSON on its standard
 * input, each answer one on its standard output. So that repetitions of several peers can take turns, start-up costs
 * nothing more than once.
 */
export class LinePeer {
  readonly #name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #complaints = '';
  #startError: Error | undefined;

  /** Starts `command`. `name` is for messages. */
  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#process = spawn(command, args);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-2000);
    });
    // Writing to a process that has ended fails here; ask() tells why it ended.
    this.#process.stdin.on('error', (error) => {
      this.#startError ??= error;
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', () => resolve());
      this.#process.on('error', (error) => {
        this.#startError = error;
        resolve();
      });
    });
  }

  /**
   * Asks and waits for the answer; one question at a time.
   * @throws Error when the peer ends before it answers, with what it wrote to standard error
   */
  async ask<Answer>(question: object): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    const line = await this.#answers.next();
    if (line.done !== true) return JSON.parse(line.value) as Answer;
    await this.#ended;
    const reason = this.#complaints.trim() || (this.#startError?.message ?? 'it ended without a word');
    throw new Error(`The peer ${this.#name} gave no answer: ${reason}`, { cause: this.#startError });
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    this.#process.stdin.end();
    this.#process.kill();
    await this.#ended;
  }
}
