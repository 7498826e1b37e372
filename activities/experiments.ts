import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { ExperimentVerdict } from '../domain/experiment.ts';
import { judgeExperiment } from '../serving/experiment-judgement.ts';
import type { Services } from '../serving/services.ts';
import { vantageWhenDue } from '../serving/vantages.ts';
import { heartbeating } from './failure.ts';

export type ExperimentActivities = ReturnType<typeof experimentActivities>;

/** Judging experiments, beside the workflows; task queue `stockcast`. */
export function experimentActivities(services: Services) {
  return {
    /** Which experiments run, and up to when outcomes count. `at`: an as-of date, or the instant it was due. */
    planJudgement: (input: { context: ContextRecord; at: string }): Promise<{ asOf: string; ids: readonly string[] }> =>
      heartbeating(async () => {
        const context = contextFrom(input.context);
        const { asOf } = vantageWhenDue(context, input.at);
        return { asOf, ids: await services.experiments.running(context) };
      }),

    /** Judges one experiment and carries out what follows. */
    judgeExperiment: (input: { context: ContextRecord; id: string; asOf: string }): Promise<ExperimentVerdict> =>
      heartbeating(() => judgeExperiment(services, contextFrom(input.context), input)),
  };
}
