import type { SessionDate, Vantage } from '../domain/bar.ts';
import { endOfDay } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { datasetIdentity } from '../domain/dataset.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ModelVersion, POOL, type PanelMember, type Promotion } from '../domain/model-version.ts';
import type { Services } from './services.ts';

/** What was in production, by the ledger: the entry and its model. */
export interface ServedThen {
  readonly promotion: Promotion;
  readonly model: ModelVersion;
}

/**
 * What was in production as of a vantage: the newest entry of the ledger that is not later and whose model learnt from
 * nothing that was learnt later. A model that was made since on restated prices is passed over for the one before it.
 */
export async function productionThen(
  services: Services,
  context: Context,
  ticker: string,
  horizon: Horizon,
  vantage: Vantage,
): Promise<ServedThen | undefined> {
  for (const promotion of await entriesThen(services, context, ticker, horizon, vantage.asOf)) {
    const model = await services.registry.find(context, promotion.modelId);
    if (model !== undefined && (await knewOnlyThat(services, context, model, vantage))) return { promotion, model };
  }
  return undefined;
}

/**
 * The newest evaluated model of a kind as of a vantage, of those whose run the ledger has an entry of by then and that
 * learnt from nothing that was learnt later.
 */
export async function newestThen(
  services: Services,
  context: Context,
  ticker: string,
  horizon: Horizon,
  kind: string,
  vantage: Vantage,
): Promise<ModelVersion | undefined> {
  const runs = new Set((await entriesThen(services, context, ticker, horizon, vantage.asOf)).map(({ runId }) => runId));
  // A candidate that could not be evaluated was left out of its run's decision.
  const wasDecidedOn = ({ runId, evaluation }: ModelVersion) => runs.has(runId) && evaluation !== undefined;
  return newestSound(services, context, ticker, horizon, kind, vantage, wasDecidedOn);
}

/** The newest pooled model of a kind as of a vantage that learnt from nothing that was learnt later. */
export function newestPooledThen(
  services: Services,
  context: Context,
  horizon: Horizon,
  kind: string,
  vantage: Vantage,
): Promise<ModelVersion | undefined> {
  return newestSound(services, context, POOL, horizon, kind, vantage, () => true);
}

async function newestSound(
  services: Services,
  context: Context,
  ticker: string,
  horizon: Horizon,
  kind: string,
  vantage: Vantage,
  counts: (model: ModelVersion) => boolean,
): Promise<ModelVersion | undefined> {
  const versions = (await services.registry.standings(context, ticker, horizon))
    .filter((each) => each.kind === kind && each.asOf <= vantage.asOf)
    .sort((a, b) => (a.asOf === b.asOf ? b.version - a.version : a.asOf < b.asOf ? 1 : -1));
  for (const { id } of versions) {
    const model = await services.registry.find(context, id);
    if (model !== undefined && counts(model) && (await knewOnlyThat(services, context, model, vantage))) return model;
  }
  return undefined;
}

/** Entries of the ledger not later than a date, newest as-of date first, and of one date the last entered first. */
async function entriesThen(
  services: Services,
  context: Context,
  ticker: string,
  horizon: Horizon,
  asOf: SessionDate,
): Promise<Promotion[]> {
  const entries = (await services.ledger.history(context, ticker)).filter(
    (entry) => entry.horizon === horizon && entry.asOf <= asOf,
  );
  return entries.sort((a, b) => (a.asOf === b.asOf ? 0 : a.asOf < b.asOf ? 1 : -1));
}

/**
 * Whether a model, and all that it was made from, saw no session after the vantage and no restatement learnt after it,
 * so that it could have been made then. Sound models stay so: it rests on what they saw when they were made.
 */
async function knewOnlyThat(
  services: Services,
  context: Context,
  model: ModelVersion,
  vantage: Vantage,
): Promise<boolean> {
  if (model.asOf > vantage.asOf) return false;
  const own = model.ticker === POOL ? [] : [{ ticker: model.ticker, datasetId: model.datasetId }];
  for (const member of [...own, ...(model.panel ?? [])]) {
    if (!(await wasKnown(services, context, member, model, vantage))) return false;
  }
  for (const id of model.madeFrom) {
    const source = await services.registry.find(context, id);
    if (source === undefined || !(await knewOnlyThat(services, context, source, vantage))) return false;
  }
  return true;
}

async function wasKnown(
  services: Services,
  context: Context,
  { ticker, datasetId }: PanelMember,
  { asOf, trainedAt }: ModelVersion,
  vantage: Vantage,
): Promise<boolean> {
  const restatedAt = await services.bars.restatedAt(context, ticker, asOf);
  if (!restatedAt.some((instant) => instant > vantage.knownAt && instant <= trainedAt)) return true;
  // Something was restated between the vantage and the training, which may have looked from earlier all the same.
  for (const from of [vantage, { asOf, knownAt: vantage.knownAt }, { asOf, knownAt: endOfDay(asOf) }]) {
    const [series, events] = await Promise.all([
      services.bars.series(context, ticker, from),
      services.bars.events(context, ticker, from),
    ]);
    if (series !== undefined && datasetIdentity(series, events) === datasetId) return true;
  }
  return false;
}
