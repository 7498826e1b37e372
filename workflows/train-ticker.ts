import {
  ContinueAsNew,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DataActivities } from '../activities/data.ts';
import type { ContextRecord } from '../domain/context.ts';
import { failureReason } from '../domain/failure-reason.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type SearchParametersResult, jointSearch } from '../domain/parameter-search.ts';
import {
  LEAVES_OUT,
  type PromotionOutcome,
  QUEUES,
  type StageName,
  type TrainTickerInput,
  type TrainTickerResult,
  runAttributes,
} from '../domain/run.ts';
import { approvals } from './approvals.ts';
import { DATA_ACTIVITY } from './activity-options.ts';
import { type LightActivities, lightActivities } from './light-activities.ts';
import { parking } from './parking.ts';
import { StageAttribute } from './stage-attribute.ts';
import { StageTracker } from './stage-tracker.ts';
import { progressQuery } from './progress.ts';
import { searchParameters } from './search-parameters.ts';
import { training } from './training-activities.ts';

const data = proxyActivities<DataActivities>({ ...DATA_ACTIVITY, taskQueue: QUEUES.data });

/**
 * Marks runs that do light steps at hand, draw pictures, and tell of stages at hand only where they must. Runs of code
 * before it have instead, if anything, the marks `light-activities-at-hand` and `pictures`, each where it came to matter.
 * One mark says all, since each costs the server as much as a short activity.
 */
const AT_HAND = 'at-hand-from-the-start';

interface Learner {
  readonly horizon: Horizon;
  readonly kind: string;
}

interface Trained extends Learner {
  readonly modelId: string;
}

/** What a search found, with what it was for. */
interface Searched extends Learner, SearchParametersResult {}

/**
 * One ticker through the whole pipeline: ingest, preprocess, search for parameters where that was asked for, train each
 * kind side by side, evaluate, promote, forecast, draw pictures.
 * Steps hand each other keys and small records; every step may run again and gives the same result.
 */
export async function trainTicker(input: TrainTickerInput): Promise<TrainTickerResult> {
  const { context, ticker, vantage, plan, live = true, nTickers = 1 } = input;
  const again = input.again === true ? { again: true } : {};
  const corrected = (input.mended ?? []).some(({ how }) => how === 'corrected');
  const runId = workflowInfo().workflowId;
  const learners = plan.horizons.flatMap((horizon) => plan.kinds.map((kind) => ({ horizon, kind })));
  const toSearch = learners.filter(({ kind }) => plan.search?.kinds.includes(kind));
  const stages = new StageTracker({
    ...(plan.search === undefined ? {} : { search: toSearch.length }),
    train: learners.length,
    evaluate: learners.length,
    promote: plan.horizons.length,
  });
  const attribute = new StageAttribute();
  const { pending, verdictOn } = approvals(ticker, attribute);
  const { parked, mendings, withSoundData, onFailedGate } = parking(input, attribute);
  setHandler(progressQuery, () => ({
    ticker,
    stages: stages.progress(),
    awaiting: pending().map(({ horizon, kind }) => ({ horizon, kind })),
    ...(parked() === undefined ? {} : { parked: parked()! }),
  }));
  // What was learnt after an as-of date must not decide about it.
  const knownThen = live ? {} : { knownAt: vantage.knownAt };
  const notes = new Set<string>();
  const enter = (stage: StageName) => {
    stages.start(stage);
    attribute.tell(stage);
  };
  const isAtHand = patched(AT_HAND);
  /** What is done at hand reaches the server with all that follows it: only where it has to go that way is it told of. */
  const enterAtHand = (stage: StageName) => {
    if (!isAtHand) return enter(stage);
    stages.start(stage);
    attribute.tellLater(stage);
  };
  const light = lightActivities({
    isAtHand: () => isAtHand || patched('light-activities-at-hand'),
    beforeServer: () => attribute.catchUp(),
  });

  try {
    enter('ingest');
    const dataset = await withSoundData((check) => data.ingest({ context, ticker, vantage, check }));
    stages.finish('ingest');

    enter('preprocess');
    const features = await data.preprocess({ context, datasetKey: dataset.key });
    stages.finish('preprocess');

    const asOf = dataset.lastSession;
    const source = { ticker, datasetId: dataset.id, datasetKey: dataset.key, featuresKey: features.key };
    const { window, scaleTargets, embargo, seed } = plan;
    const { featureSet } = features;

    const searched: Searched[] = [];
    if (plan.search !== undefined) {
      const { kinds: _, ...budget } = plan.search;
      enter('search');
      await Promise.all(
        toSearch.map(async ({ horizon, kind }) => {
          const parameters = plan.parameters[kind] ?? {};
          const how = { horizon, kind, window, scaleTargets, embargo, seed, parameters };
          const task = { ...how, featureSet, data: { ticker, datasetId: dataset.id, featuresKey: features.key } };
          const found = await executeChild(searchParameters, {
            workflowId: `search/${context.tenant}/${ticker}/${horizon}/${kind}/${runId.split('/').at(-1)}`,
            args: [{ version: 1, context, task, budget }],
            // Trials that have finished are not computed again, so going through it once more costs little.
            workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
            // It must be gone before the same run is asked for again.
            parentClosePolicy: ParentClosePolicy.TERMINATE,
            typedSearchAttributes: runAttributes({ ticker, asOf, stage: 'search' }),
          });
          searched.push({ horizon, kind, ...found });
          if (found.record === undefined) notes.add(`${kind} is trained without a search: the history is too short.`);
          stages.advance('search');
        }),
      );
      stages.finish('search');
    }
    /** Of an ensemble, what was tried for its members. */
    const searchOf = ({ horizon, kind }: Learner) => {
      const names = plan.members[kind] ?? [kind];
      const ofThese = searched.filter((each) => each.horizon === horizon && names.includes(each.kind));
      return jointSearch(ofThese.flatMap(({ record }) => (record === undefined ? [] : [record])));
    };

    const trainingOf = (kind: string) => (plan.baselines?.includes(kind) ? light.baselines : training);
    /** Trains one kind on these models, if any; a candidate for which the history is too short is left out. */
    const train = async ({ horizon, kind }: Learner, madeFrom: readonly string[]): Promise<Trained[]> => {
      const chosen = searched.find((each) => each.horizon === horizon && each.kind === kind)?.parameters;
      const parameters = chosen ?? plan.parameters[kind] ?? {};
      const how = { horizon, kind, window, scaleTargets, embargo, seed, parameters };
      const search = searchOf({ horizon, kind });
      return unlessLeftOut(kind, async () => {
        const made = { asOf, featureSet, panel: [source], madeFrom, ...(search === undefined ? {} : { search }) };
        const task = { context, runId, ...how, ...made, ...again };
        const { modelId } = await trainingOf(kind).train(task);
        stages.advance('train');
        return { horizon, kind, modelId };
      });
    };
    const evaluate = async (model: Trained): Promise<Trained[]> =>
      unlessLeftOut(model.kind, async () => {
        await trainingOf(model.kind).evaluate({ context, modelId: model.modelId, data: source, ...again });
        stages.advance('evaluate');
        return model;
      });
    const unlessLeftOut = async (kind: string, body: () => Promise<Trained>): Promise<Trained[]> => {
      try {
        return [await body()];
      } catch (error) {
        const { code, message } = failureReason(error);
        if (kind === 'naive' || !LEAVES_OUT.includes(code)) throw error;
        notes.add(`${kind} is left out: ${message}`);
        return [];
      }
    };

    enter('train');
    const fitted = await Promise.all(
      learners
        .filter(({ kind }) => plan.members[kind] === undefined)
        .map(async (learner) => {
          if (!plan.pooledKinds.includes(learner.kind)) return train(learner, []);
          const adopted = input.pooled?.find(
            ({ horizon, kind }) => horizon === learner.horizon && kind === learner.kind,
          );
          if (adopted !== undefined) return train(learner, [adopted.modelId]);
          notes.add(`${learner.kind} is left out: no model was fitted on many tickers yet; train several at once.`);
          return [];
        }),
    );
    const combined = await Promise.all(
      learners
        .filter(({ kind }) => plan.members[kind] !== undefined)
        .map(async (learner) => {
          const members = plan.members[learner.kind]!.map((name) =>
            fitted.flat().find(({ horizon, kind }) => horizon === learner.horizon && kind === name),
          );
          if (members.some((member) => member === undefined)) return [];
          return train(
            learner,
            members.map((member) => member!.modelId),
          );
        }),
    );
    stages.finish('train');

    enter('evaluate');
    const judged = await Promise.all(fitted.flat().map(evaluate));
    // An ensemble's forecasts are made of its members', and one whose member is left out is so too.
    const isJudged = ({ horizon, kind }: Trained) =>
      plan.members[kind]!.every((name) =>
        judged.flat().some((model) => model.horizon === horizon && model.kind === name),
      );
    const judgedToo = await Promise.all(combined.flat().filter(isJudged).map(evaluate));
    stages.finish('evaluate');

    enterAtHand('promote');
    const contenders = [...judged, ...judgedToo].flat();
    const promotions: PromotionOutcome[] = [];
    for (const horizon of plan.horizons) {
      const modelIds = plan.kinds.flatMap((kind) =>
        contenders.filter((model) => model.horizon === horizon && model.kind === kind).map(({ modelId }) => modelId),
      );
      const nHorizons = plan.horizons.length;
      const decision = await light.decide({
        context,
        ticker,
        horizon,
        asOf,
        modelIds,
        nTickers,
        nHorizons,
        ...knownThen,
      });
      const asks = plan.requireApproval && live && decision.modelId !== decision.serving?.modelId;
      const verdict = (await onFailedGate(decision)) ?? (asks ? await verdictOn(decision) : undefined);
      const reasons = [...mendings(), ...decision.reasons];
      const entry = { context, runId, live, ticker, asOf, decision: { ...decision, reasons }, corrected };
      promotions.push(await light.promote(verdict === undefined ? entry : { ...entry, verdict }));
      stages.advance('promote');
    }
    stages.finish('promote');

    enterAtHand('forecast');
    const forecasts = await light.forecast({
      context,
      ticker,
      vantage,
      models: promotions.map(({ horizon, modelId }) => ({ horizon, modelId })),
    });
    stages.finish('forecast');

    const modelIds = contenders.map(({ modelId }) => modelId);
    if (isAtHand || patched('pictures')) {
      for (const note of await pictureNotes(light, { context, modelIds })) notes.add(note);
    }

    const promoted = promotions.some((promotion) => promotion.kind !== 'naive');
    attribute.complete(promoted ? 'promoted' : 'naive');
    return { ticker, asOf, datasetId: dataset.id, promotions, notes: [...mendings(), ...forecasts.notes, ...notes] };
  } catch (error) {
    // It starts over, on corrected data.
    if (error instanceof ContinueAsNew) throw error;
    stages.fail();
    attribute.fail(isCancellation(error) ? 'cancelled' : 'failed');
    throw error;
  }
}

/** Has the pictures of evaluated models drawn; that it failed is told in a note, since the run stands without them. */
async function pictureNotes(
  { draw }: LightActivities,
  of: { readonly context: ContextRecord; readonly modelIds: readonly string[] },
): Promise<string[]> {
  try {
    await draw(of);
    return [];
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [`Pictures are missing: ${failureReason(error).message}`];
  }
}
