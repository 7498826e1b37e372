import { upsertSearchAttributes } from '@temporalio/workflow';
import { type StageName, runAttributes } from '../domain/run.ts';

/** The search attribute `StockcastStage` of a run: where it is, as far as the server is told of it. */
export class StageAttribute {
  #untold: StageName | undefined;

  /** Tells of it now. */
  tell(stage: string): void {
    this.#untold = undefined;
    upsertSearchAttributes(runAttributes({ stage }));
  }

  /** Tells of it only where `catchUp` or `fail` comes before the next stage. */
  tellLater(stage: StageName): void {
    this.#untold = stage;
  }

  /** Tells of what is still to be told of. */
  catchUp(): void {
    if (this.#untold !== undefined) this.tell(this.#untold);
  }

  /** Tells that a run has completed. */
  complete(verdict: 'promoted' | 'naive'): void {
    upsertSearchAttributes(runAttributes({ stage: 'done', verdict }));
  }

  /** Tells how a run came out that did not complete, and of the stage that it stood in. */
  fail(verdict: 'cancelled' | 'failed'): void {
    upsertSearchAttributes(runAttributes({ ...(this.#untold === undefined ? {} : { stage: this.#untold }), verdict }));
  }
}
