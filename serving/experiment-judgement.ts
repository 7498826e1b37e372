import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  type Experiment,
  type ExperimentLook,
  type ExperimentVerdict,
  experimentEntryName,
} from '../domain/experiment.ts';
import { type PairedLosses, lookAt } from '../models/evaluation/challenge.ts';
import { looksAt, withoutOverlap } from '../models/evaluation/planned-looks.ts';
import { endExperiment, experimentNamed, mayServe } from './experiments.ts';
import { forecastBy } from './forecasting.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';

/** Who decides, in the ledger. */
const JUDGE = 'experiments';

/**
 * Judges a running experiment by the pairs that have matured: looks that are due are taken, each once, and the verdict of
 * the first that finds something, or of the last, is carried out. Both models forecast the newest session first, so that
 * pairs come whether or not anybody asks. Done again, or by two at once, it comes to the same.
 * @param asOf only outcomes up to then count @throws StockcastError EXPERIMENT_UNKNOWN
 */
export async function judgeExperiment(
  services: Services,
  context: Context,
  { id, asOf }: { readonly id: string; readonly asOf: SessionDate },
): Promise<ExperimentVerdict> {
  let experiment = await experimentNamed(services, context, id);
  let problems: string[] = [];
  const pairs = await maturedPairs(services, context, experiment, asOf);
  if (experiment.state === 'running' && decisive(experiment) === undefined) {
    const other = await otherChampion(services, context, experiment);
    if (other !== undefined) await endExperiment(services, context, experiment, 'ended', [other], JUDGE);
    else {
      problems = await forecastBoth(services, context, experiment);
      await takeLooks(services, context, experiment, pairs);
    }
    experiment = await experimentNamed(services, context, id);
  }
  const look = decisive(experiment);
  if (experiment.state === 'running' && look !== undefined) {
    await carryOut(services, context, experiment, look);
    experiment = await experimentNamed(services, context, id);
  }
  const { state, rule, looks, reasons } = experiment;
  const nextLook = rule.looks[looks.length];
  return {
    ...{ id, state, pairs: pairs.length, reasons, problems },
    ...(state === 'running' && nextLook !== undefined ? { nextLook } : {}),
  };
}

/**
 * The squared errors of both models, for each session from which they forecast live since the start, in the order in
 * which they became known; of several tickers their mean over those that have both. None overlap.
 */
async function maturedPairs(
  services: Services,
  context: Context,
  { horizon, lines, startedAt }: Experiment,
  asOf: SessionDate,
): Promise<PairedLosses[]> {
  const sessions = new Map<SessionDate, { n: number; champion: number; challenger: number; knownAt: string }>();
  for (const { ticker, champion, challenger } of lines) {
    const scores = (await services.scores.ofTicker(context, ticker, { horizon })).filter(
      ({ live, targetSession }) => live && targetSession <= asOf,
    );
    const ofChampion = new Map(
      scores.filter(({ modelId }) => modelId === champion.modelId).map((score) => [score.originSession, score]),
    );
    for (const score of scores) {
      const other = ofChampion.get(score.originSession);
      if (score.modelId !== challenger.modelId || other === undefined) continue;
      // Both had forecast, and might have been compared, before the experiment was thought of.
      if (score.madeAt < startedAt && other.madeAt < startedAt) continue;
      const scoredAt = score.scoredAt > other.scoredAt ? score.scoredAt : other.scoredAt;
      const sum = sessions.get(score.originSession) ?? { n: 0, champion: 0, challenger: 0, knownAt: '' };
      sessions.set(score.originSession, {
        n: sum.n + 1,
        champion: sum.champion + other.error ** 2,
        challenger: sum.challenger + score.error ** 2,
        knownAt: sum.knownAt > scoredAt ? sum.knownAt : scoredAt,
      });
    }
  }
  const inOrder = [...sessions]
    .map(([originSession, { n, champion, challenger, knownAt }]) => ({
      ...{ originSession, knownAt, champion: champion / n, challenger: challenger / n },
    }))
    .sort((a, b) => compare(a.knownAt, b.knownAt) || compare(a.originSession, b.originSession));
  return withoutOverlap(inOrder, horizon);
}

/** Has both models forecast the newest session; returns why one could not. */
async function forecastBoth(services: Services, context: Context, { lines }: Experiment): Promise<string[]> {
  const problems: string[] = [];
  for (const { ticker, champion, challenger } of lines) {
    for (const { modelId, kind } of [champion, challenger]) {
      try {
        await forecastBy(services, context, await registered(services, context, modelId));
      } catch (error) {
        if (!(error instanceof StockcastError) || error.retryable) throw error;
        problems.push(`${ticker}: ${kind} ${modelId.slice(0, 12)} cannot forecast: ${error.message}`);
      }
    }
  }
  return problems;
}

/** That something else than the champion serves, unless the experiment itself put it there. */
async function otherChampion(
  services: Services,
  context: Context,
  experiment: Experiment,
): Promise<string | undefined> {
  for (const { ticker, champion } of experiment.lines) {
    const serving = await services.ledger.production(context, ticker, experiment.horizon);
    if (serving === undefined || serving.modelId === champion.modelId) continue;
    return (
      `${serving.kind} ${serving.modelId.slice(0, 12)} has come to serve ${ticker} in place of the champion ` +
      `${champion.kind} ${champion.modelId.slice(0, 12)}, so that there is nothing left to compare with`
    );
  }
  return undefined;
}

/** Takes the looks that are due, up to the first that decides. */
async function takeLooks(
  services: Services,
  context: Context,
  { id, rule, looks }: Experiment,
  pairs: readonly PairedLosses[],
): Promise<void> {
  for (const planned of looksAt(rule.looks, rule.alpha).slice(looks.length)) {
    if (pairs.length < planned.n) return;
    const look = { ...lookAt(pairs, planned), at: context.clock.now().toISOString() };
    await services.experiments.noteLook(context, id, look);
    if (findsSomething(look)) return;
  }
}

function findsSomething({ pBetter, pWorse, level }: ExperimentLook): boolean {
  return pBetter < level || pWorse < level;
}

/** The look that decides: the first that found something, else the last that was planned, once it is taken. */
function decisive({ looks, rule }: Experiment): ExperimentLook | undefined {
  return looks.find(findsSomething) ?? (looks.length === rule.looks.length ? looks.at(-1) : undefined);
}

async function carryOut(
  services: Services,
  context: Context,
  experiment: Experiment,
  look: ExperimentLook,
): Promise<void> {
  const figures = inWords(experiment, look);
  const isBetter = look.pBetter < look.level;
  if (!isBetter) {
    const found =
      look.pWorse < look.level ? 'The challenger is significantly worse' : 'No difference was found at the last look';
    return endExperiment(services, context, experiment, 'kept', [`${found}: ${figures}`], JUDGE);
  }
  const reasons = [`The challenger is significantly better: ${figures}`];
  let promoted = 0;
  for (const line of experiment.lines) {
    const problem = await promote(services, context, experiment, line, reasons[0]!);
    if (problem === undefined) promoted++;
    else reasons.push(problem);
  }
  if (promoted === 0) return endExperiment(services, context, experiment, 'kept', reasons, JUDGE);
  const endedAt = context.clock.now().toISOString();
  return services.experiments.end(context, experiment.id, { state: 'promoted', reasons, endedAt });
}

/** Puts a challenger in the place of its champion; returns why it could not be done, if so. */
async function promote(
  services: Services,
  context: Context,
  experiment: Experiment,
  { ticker, champion, challenger }: Experiment['lines'][number],
  reason: string,
): Promise<string | undefined> {
  const { id, horizon } = experiment;
  const model = await registered(services, context, challenger.modelId);
  const name = `${challenger.kind} ${challenger.modelId.slice(0, 12)}`;
  if (!mayServe(model)) return `${ticker}: ${name} has no certificate that it passed the gate, so it does not serve`;
  const entry = await services.ledger.replace(context, {
    ...{
      ticker,
      horizon,
      from: champion.modelId,
      principal: JUDGE,
      runId: experimentEntryName(context, experiment.id),
    },
    to: { ...challenger, ...(model.certificate === undefined ? {} : { certificateId: model.certificate.id }) },
    reasons: [
      `Experiment ${id} promotes ${name} in place of ${champion.kind} ${champion.modelId.slice(0, 12)}`,
      reason,
    ],
  });
  return entry === undefined ? `${ticker}: another model has come to serve meanwhile, so ${name} does not` : undefined;
}

/** The figures of a look in words, and what was planned. */
function inWords({ rule, looks }: Experiment, { n, rmseRatio, pBetter, pWorse, level }: ExperimentLook): string {
  return (
    `RMSE ${rmseRatio.toFixed(4)} times the champion's on ${n} sessions that do not overlap, Diebold-Mariano p ` +
    `${pBetter.toPrecision(2)} of being better and ${pWorse.toPrecision(2)} of being worse by chance, each held against ` +
    `${level.toPrecision(2)} at look ${looks.findIndex((look) => look.n === n) + 1} of ${rule.looks.length} ` +
    `(planned at ${rule.looks.join(', ')}; alpha ${rule.alpha})`
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
