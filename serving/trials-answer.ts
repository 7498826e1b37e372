import type { Context } from '../domain/context.ts';
import type { Json } from '../domain/identity.ts';
import { type Trial, bestTrial } from '../domain/parameter-search.ts';
import { kindNamed } from '../models/kinds.ts';
import { knownTickers } from './histories.ts';
import type { Services } from './services.ts';

/** What the searches for parameters of a ticker tried, as people and programs are given it. */
export type TrialsAnswer = Awaited<ReturnType<typeof trialsAnswer>>;

/**
 * The trials of a ticker's newest search for each horizon and kind; no searches when none was ever asked for.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function trialsAnswer(services: Services, context: Context, ticker: string) {
  await knownTickers(services, context, [ticker]);
  const bySearch = new Map<string, Trial[]>();
  for (const trial of await services.trials.newest(context, ticker)) {
    bySearch.set(trial.searchId, [...(bySearch.get(trial.searchId) ?? []), trial]);
  }
  return { ticker, searches: [...bySearch.values()].map(searchAnswer) };
}

function searchAnswer(trials: readonly Trial[]) {
  const { searchId, horizon, kind: model, seed, until } = trials[0]!;
  const kind = kindNamed(model);
  return {
    search_id: searchId,
    horizon,
    model,
    seed,
    until,
    searched: 'learner' in kind ? Object.keys(kind.learner.space ?? {}) : [],
    best: bestTrial(trials)?.number ?? null,
    trials: trials.map((trial) => ({
      trial: trial.number,
      status: trial.status,
      loss: trial.loss ?? null,
      parameters: trial.parameters as { readonly [name: string]: Json },
      attempts: trial.attempts,
      problem: trial.problem ?? null,
      started_at: trial.startedAt,
      ended_at: trial.endedAt ?? null,
    })),
  };
}
