import type { Worker } from 'node:cluster';
import { type Metrics, growing, metricsOfAll } from './observation/metrics-of-all.ts';
import type { Question, SiblingMessage, SwitchboardMessage } from './replica-messages.ts';

/** Metrics wait for dependencies, which may take 2 s to be known as down. */
const PATIENCE_MS: Readonly<Record<Question, number>> = { metrics: 3000, performance: 1000 };

/** Connects the replicas with each other, in the process that started them. */
export class Switchboard {
  readonly #replicas = new Set<Worker>();
  readonly #rounds = new Map<number, (replica: Worker, answer: unknown) => void>();
  /** What each had counted when it was last asked, and all that have ended together: sums must never fall. */
  readonly #counted = new Map<Worker, Metrics>();
  #ended: Metrics = [];
  #removals = Promise.resolve();
  #nRounds = 0;

  /** From now on it is asked and told. */
  add(replica: Worker): void {
    this.#replicas.add(replica);
  }

  /** It has ended. */
  remove(replica: Worker): void {
    this.#replicas.delete(replica);
    this.#removals = this.#removals.then(async () => {
      const sum = await metricsOfAll([this.#ended, this.#counted.get(replica) ?? []]).getMetricsAsJSON();
      this.#counted.delete(replica);
      this.#ended = sum;
    });
  }

  /** A replica said something. */
  receive(from: Worker, message: SiblingMessage): void {
    if ('answer' in message) this.#rounds.get(message.round)?.(from, message.answer);
    else if ('gather' in message) void this.#gather(from, message.gather, message.id);
    else for (const replica of this.#replicas) if (replica !== from) tell(replica, message);
  }

  async #gather(asker: Worker, question: Question, id: number): Promise<void> {
    const round = this.#nRounds++;
    const asked = [...this.#replicas];
    const answers = new Map<Worker, unknown>();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS[question]);
      this.#rounds.set(round, (replica, answer) => {
        answers.set(replica, answer);
        if (answers.size < asked.length) return;
        clearTimeout(timer);
        resolve();
      });
      for (const replica of asked) tell(replica, { question, round });
    });
    this.#rounds.delete(round);
    // What has just ended counts as it was last known, and once.
    for (const replica of answers.keys()) if (!this.#replicas.has(replica)) answers.delete(replica);
    if (question === 'metrics') {
      for (const [replica, metrics] of answers) this.#counted.set(replica, growing(metrics as Metrics));
    }
    const silent = [...this.#counted].filter(([replica]) => !answers.has(replica)).map(([, metrics]) => metrics);
    const gathered = { asked: asked.length, answers: [...answers.values()], earlier: [this.#ended, ...silent] };
    tell(asker, { gathered, id });
  }
}

function tell(replica: Worker, message: SwitchboardMessage): void {
  // What has ended meanwhile needs to know nothing; that it has is said elsewhere.
  if (replica.isConnected()) replica.send(message, () => undefined);
}
