import type { Experiment } from '../domain/experiment.ts';

/** An experiment as people and programs are given it, by the API and by the CLI. */
export type ExperimentAnswer = ReturnType<typeof experimentAnswer>;

/** Puts an experiment into the form of the answer. */
export function experimentAnswer(experiment: Experiment) {
  const { id, horizon, mode, split, rule, lines, state, looks, reasons, startedAt, startedBy, endedAt } = experiment;
  return {
    experiment_id: id,
    state,
    mode,
    horizon,
    share: split?.share ?? null,
    split_by: split?.by ?? null,
    tickers: lines.map(({ ticker, champion, challenger }) => ({
      ticker,
      champion: champion.kind,
      champion_id: champion.modelId,
      challenger: challenger.kind,
      challenger_id: challenger.modelId,
    })),
    stopping_rule: { looks: rule.looks, alpha: rule.alpha },
    looks: looks.map(({ n, rmseRatio, pBetter, pWorse, level, at }) => ({
      ...{ n, at, level },
      rmse_ratio: rmseRatio,
      p_better: pBetter,
      p_worse: pWorse,
    })),
    reasons,
    started_at: startedAt,
    started_by: startedBy,
    ended_at: endedAt ?? null,
  };
}
