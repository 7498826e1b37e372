import type { Gathered, Question, SiblingMessage, SwitchboardMessage } from './replica-messages.ts';
import { Hits } from './hits.ts';

/** How a process answers each question, with plain data. */
export type Answers = Readonly<Record<Question, () => unknown>>;

/** The processes behind the port, itself included, as one of them sees them. */
export class Siblings {
  /** Requests of each client, for the rate limit. */
  readonly hits: Hits;
  readonly #tell: (message: SiblingMessage) => void;
  readonly #waiting = new Map<number, (gathered: Gathered<unknown>) => void>();
  #answers: Answers | undefined;
  #onFailure: (error: unknown) => void = () => undefined;
  #nAsked = 0;

  /** `tell` reaches the switchboard, whose messages are for `hear`. */
  constructor(tell: (message: SiblingMessage) => void) {
    this.#tell = tell;
    this.hits = new Hits((news) => tell({ news }));
  }

  /** From now on this process answers so; where it fails to, it counts as silent. */
  answer(answers: Answers, onFailure: (error: unknown) => void): void {
    this.#answers = answers;
    this.#onFailure = onFailure;
  }

  /** Asks every process and waits 1 s for the answers, 3 s where these are metrics. */
  gather<T>(question: Question): Promise<Gathered<T>> {
    const id = this.#nAsked++;
    return new Promise((resolve) => {
      this.#waiting.set(id, (gathered) => resolve(gathered as Gathered<T>));
      this.#tell({ gather: question, id });
    });
  }

  /** The switchboard said something. */
  hear(message: SwitchboardMessage): void {
    if ('news' in message) this.hits.hear(message.news);
    else if ('question' in message) void this.#give(message.question, message.round);
    else {
      this.#waiting.get(message.id)?.(message.gathered);
      this.#waiting.delete(message.id);
    }
  }

  async #give(question: Question, round: number): Promise<void> {
    try {
      this.#tell({ answer: await this.#answers?.[question](), round });
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
