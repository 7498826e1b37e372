import {
  isCancellation,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DataActivities } from '../activities/data.ts';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import type { TrainingActivities } from '../activities/training.ts';
import {
  type PromotionOutcome,
  QUEUES,
  type StageName,
  type TrainTickerInput,
  type TrainTickerResult,
  runAttributes,
} from '../domain/run.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY, TRAINING_ACTIVITY } from './activity-options.ts';
import { StageTracker } from './stage-tracker.ts';
import { progressQuery } from './progress.ts';

const data = proxyActivities<DataActivities>({ ...DATA_ACTIVITY, taskQueue: QUEUES.data });
const training = proxyActivities<TrainingActivities>({ ...TRAINING_ACTIVITY, taskQueue: QUEUES.training });
const light = proxyActivities<OrchestrationActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });

/**
 * One ticker through the whole pipeline: ingest, preprocess, train each kind side by side, evaluate, promote, forecast.
 * Steps hand each other keys and small records; every step may run again and gives the same result.
 */
export async function trainTicker(input: TrainTickerInput): Promise<TrainTickerResult> {
  const { context, ticker, vantage, plan, live = true } = input;
  const runId = workflowInfo().workflowId;
  const learners = plan.horizons.flatMap((horizon) => plan.kinds.map((kind) => ({ horizon, kind })));
  const stages = new StageTracker({ train: learners.length, evaluate: learners.length, promote: plan.horizons.length });
  setHandler(progressQuery, () => ({ ticker, stages: stages.progress() }));
  const enter = (stage: StageName) => {
    stages.start(stage);
    upsertSearchAttributes(runAttributes({ stage }));
  };

  try {
    enter('ingest');
    const dataset = await data.ingest({ context, ticker, vantage });
    stages.finish('ingest');

    enter('preprocess');
    const features = await data.preprocess({ context, datasetKey: dataset.key });
    stages.finish('preprocess');

    enter('train');
    const models = await Promise.all(
      learners.map(async ({ horizon, kind }) => {
        const parameters = plan.parameters[kind] ?? {};
        const { window, seed } = plan;
        const task = { context, runId, ticker, horizon, kind, window, seed, parameters };
        const model = await training.train({ ...task, asOf: dataset.lastSession, dataset, features });
        stages.advance('train');
        return { horizon, kind, modelId: model.modelId };
      }),
    );
    stages.finish('train');

    enter('evaluate');
    await Promise.all(
      models.map(async ({ modelId }) => {
        await training.evaluate({ context, modelId, features });
        stages.advance('evaluate');
      }),
    );
    stages.finish('evaluate');

    enter('promote');
    const promotions: PromotionOutcome[] = [];
    for (const horizon of plan.horizons) {
      const modelIds = models.filter((model) => model.horizon === horizon).map((model) => model.modelId);
      promotions.push(
        await light.promote({ context, runId, live, ticker, horizon, asOf: dataset.lastSession, modelIds }),
      );
      stages.advance('promote');
    }
    stages.finish('promote');

    enter('forecast');
    const forecasts = await light.forecast({
      context,
      ticker,
      vantage,
      models: promotions.map(({ horizon, modelId }) => ({ horizon, modelId })),
    });
    stages.finish('forecast');

    const promoted = promotions.some((promotion) => promotion.kind !== 'naive');
    upsertSearchAttributes(runAttributes({ stage: 'done', verdict: promoted ? 'promoted' : 'naive' }));
    return { ticker, asOf: dataset.lastSession, datasetId: dataset.id, promotions, notes: forecasts.notes };
  } catch (error) {
    stages.fail();
    upsertSearchAttributes(runAttributes({ verdict: isCancellation(error) ? 'cancelled' : 'failed' }));
    throw error;
  }
}
