import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Restatement } from '../domain/restatement.ts';
import { type RestatementAnswer, restatementAnswer } from './restatement-answer.ts';
import type { Retraining } from './retrain-restated.ts';
import { restatementEffects } from './restatement-effects.ts';
import type { Services } from './services.ts';

/** How much was restated since the process began. */
export interface AlarmCounts {
  readonly restatements: number;
  readonly sessions: number;
  readonly events: number;
}

/** What is told, and done, when history turns out to have been changed; one per process. */
export class RestatementAlarm {
  readonly #services: () => Services;
  #counts: AlarmCounts = { restatements: 0, sessions: 0, events: 0 };
  readonly #listeners: ((answer: RestatementAnswer) => void)[] = [];
  #retrain: ((context: Context, id: string) => Promise<Retraining>) | undefined;

  /** @param services what is affected is looked for in; asked for when the alarm is raised */
  constructor(services: () => Services) {
    this.#services = services;
  }

  get counts(): AlarmCounts {
    return this.#counts;
  }

  /** Has every restatement told to `hear`. */
  listen(hear: (answer: RestatementAnswer) => void): void {
    this.#listeners.push(hear);
  }

  /** Has what serves and rests on changed history trained again at once, instead of that being offered. */
  retrainBy(retrain: (context: Context, id: string) => Promise<Retraining>): void {
    this.#retrain = retrain;
  }

  /**
   * Says what a restatement changed and what rests on it; retrains that where it was told to. It is stored already, so
   * that a failure on the way is said and fails nothing.
   */
  async raise(context: Context, restatement: Restatement): Promise<RestatementAnswer> {
    const { restatements, sessions, events } = this.#counts;
    this.#counts = {
      restatements: restatements + 1,
      sessions: restatement.tickers.reduce((sum, ticker) => sum + ticker.sessions, sessions),
      events: restatement.tickers.reduce((sum, ticker) => sum + ticker.events.length, events),
    };
    let answer = restatementAnswer(restatement);
    try {
      const effects = await restatementEffects(this.#services(), context, restatement);
      answer = restatementAnswer(restatement, effects);
      if (this.#retrain !== undefined && effects.serving.length > 0) {
        const { tickers, run } = await this.#retrain(context, restatement.id);
        const runId = run?.run_id ?? null;
        answer = { ...answer, retraining: { ...answer.retraining, tickers, run_id: runId } };
      }
    } catch (error) {
      if (!(error instanceof StockcastError)) throw error;
      answer = { ...answer, problem: error.message };
    }
    for (const hear of this.#listeners) hear(answer);
    return answer;
  }
}
