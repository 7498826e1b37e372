import type { Context } from '../../domain/context.ts';
import type { ModelVersion } from '../../domain/model-version.ts';
import type { TrainingPlan } from '../../domain/run.ts';
import type { MlflowVersion } from '../../stores/mlflow/mlflow-models.ts';
import type { Metric, MlflowRun, Texts } from '../../stores/mlflow/mlflow-runs.ts';
import { summaryMetrics } from './model-story.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import type { Pipeline } from './pipeline-lookup.ts';
import type { PipelineStory } from './pipeline-story.ts';
import { tellPipeline } from './tell-pipeline.ts';

/** A run that has ended, with its MLflow run. */
export interface EndedRun {
  readonly pipeline: Pipeline;
  readonly story: PipelineStory;
  readonly run: MlflowRun;
}

/** A model that a run used. */
interface UsedModel {
  readonly model: ModelVersion;
  /** Absent when MLflow does not have it. */
  readonly place: MlflowVersion | undefined;
  /** Whether another run had made it. */
  readonly isReused: boolean;
}

/** A run that did the work of a ticker for a universe that found it done, or under way. */
interface JoinedRun {
  readonly runId: string;
  readonly run: MlflowRun;
}

/**
 * Tells MLflow what an ended run was asked for and what came of it. Models and runs that were there already are named
 * with the way to them, in the tags `reused_models` and `reused_runs` and in the description; nothing of them is copied.
 * @throws StockcastError MLFLOW_UNAVAILABLE, MLFLOW_REFUSED, TEMPORAL_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export async function tellStory(parts: MlflowParts, context: Context, ended: EndedRun): Promise<void> {
  const { pipeline, story, run } = ended;
  const models = await usedModels(parts, context, ended);
  const joined = await joinedRuns(parts, context, ended);
  const tags: Texts = {
    ticker: story.ticker,
    horizon: story.plan?.horizons.join(' '),
    dataset: story.datasetIds.join(' ') || undefined,
    as_of: story.asOf,
    live: story.live === undefined ? undefined : String(story.live),
    principal: story.principal,
    verdict: verdictOf(ended),
    reused_models: textOf(models.filter(({ isReused }) => isReused).map(nameOf)),
    reused_runs: textOf(joined.map(({ runId }) => runId)),
    'mlflow.note.content': noteOf(parts, ended, models, joined),
  };
  const metrics = figuresOf(story, models, joined, pipeline.ended!.at);
  await parts.runs.log(run.runId, { params: parametersOf(story), tags, metrics });
}

async function usedModels(
  { services, registry }: MlflowParts,
  context: Context,
  ended: EndedRun,
): Promise<UsedModel[]> {
  const used: UsedModel[] = [];
  for (const id of ended.story.modelIds) {
    const model = await services.registry.find(context, id);
    if (model === undefined) continue;
    const isReused = model.runId !== ended.pipeline.runId;
    used.push({ model, place: await registry.place(context, id), isReused });
  }
  return used.sort((a, b) => a.model.horizon - b.model.horizon || (a.model.kind < b.model.kind ? -1 : 1));
}

async function joinedRuns(parts: MlflowParts, context: Context, { story, pipeline }: EndedRun): Promise<JoinedRun[]> {
  const joined: JoinedRun[] = [];
  for (const { workflowId: runId } of story.outcomes) {
    const found = runId === '' ? undefined : await parts.pipelineOf.find(runId);
    if (found === undefined || found.parentId === pipeline.runId) continue;
    const trainedAt = new Date(found.startedAt).toISOString();
    joined.push({ runId, run: await tellPipeline(parts, context.tenant, { runId, trainedAt }) });
  }
  return joined;
}

function parametersOf({ plan, tickers }: PipelineStory): Texts {
  return {
    ...(plan === undefined ? {} : planned(plan)),
    ...(tickers === undefined ? {} : { tickers: tickers.join(' ') }),
  };
}

function planned(plan: TrainingPlan): Texts {
  const { horizons, kinds, window, scaleTargets, embargo, seed, requireApproval, parameters, search } = plan;
  return {
    horizons: horizons.join(' '),
    kinds: kinds.join(' '),
    window: String(window),
    scale_targets: String(scaleTargets),
    embargo: String(embargo),
    seed: String(seed),
    require_approval: String(requireApproval),
    ...(search === undefined ? {} : { search: JSON.stringify(search) }),
    ...Object.fromEntries(Object.entries(parameters).map(([kind, own]) => [`parameter.${kind}`, JSON.stringify(own)])),
  };
}

/** Counts, and for each horizon the figures of what it promoted: `h1/rmse`. */
function figuresOf(
  { outcomes, tickers, promotions }: PipelineStory,
  models: readonly UsedModel[],
  joined: readonly JoinedRun[],
  timestamp: number,
): Metric[] {
  const figures: [string, number][] = [];
  if (tickers === undefined) {
    figures.push(['n_models', models.length], ['n_reused', models.filter(({ isReused }) => isReused).length]);
  } else {
    const failed = outcomes.filter(({ status }) => status === 'failed').length;
    figures.push(['n_tickers', tickers.length], ['n_failed', failed], ['n_reused', joined.length]);
  }
  const counts = figures.map(([key, value]) => ({ key, value, timestamp, step: 0 }));
  const promoted = promotions.flatMap(({ horizon, modelId, movedLive }) => {
    const evaluation = models.find(({ model }) => model.id === modelId)?.model.evaluation;
    const own = evaluation === undefined ? [] : summaryMetrics(evaluation, timestamp);
    const moved = { key: 'moved_production', value: movedLive ? 1 : 0, timestamp, step: 0 };
    return [...own, moved].map((metric) => ({ ...metric, key: `h${horizon}/${metric.key}` }));
  });
  return [...counts, ...promoted];
}

/** A run's page in MLflow, as Markdown. */
function noteOf(
  { pipelineOf }: MlflowParts,
  { pipeline, story, run }: EndedRun,
  models: readonly UsedModel[],
  joined: readonly JoinedRun[],
): string {
  const link = pipelineOf.link(pipeline.runId);
  const of = story.ticker ?? story.tickers?.join(', ');
  const lines = [
    `**${of ?? pipeline.runId}**${story.asOf === undefined ? '' : `, as of ${story.asOf}`}: ${pipeline.ended!.as.toLowerCase()}${link === null ? '' : ` ([its workflow in Temporal](${link}))`}.`,
  ];
  if (story.failure !== undefined) lines.push(`It failed: ${story.failure}`);
  for (const { horizon, kind, movedLive } of story.promotions) {
    const sessions = `${horizon} session${horizon === 1 ? '' : 's'}`;
    lines.push(
      `${sessions} ahead: ${kind} was chosen, which ${movedLive ? 'serves from now on' : 'changed nothing live'}.`,
    );
  }
  if (models.length > 0) {
    const rows = models.map(({ model, place, isReused }) => {
      const serves = story.promotions.some(({ modelId }) => modelId === model.id) ? 'chosen' : '';
      const ratio = model.evaluation?.rmseRatioToNaive.toFixed(4) ?? '';
      const verdict = model.certificate === undefined ? '' : model.certificate.passed ? 'passed' : 'refused';
      const name = `${model.kind} v${model.version}`;
      const shown =
        place === undefined ? name : `[${name}](#/models/${encodeURIComponent(place.name)}/versions/${place.number})`;
      return `| ${model.horizon} | ${shown} | ${ratio} | ${verdict} | ${serves} | ${isReused ? 'was there already' : 'made by this run'} |`;
    });
    lines.push(
      ['| sessions ahead | model | RMSE of naive’s | gate | | |', '|---|---|---|---|---|---|', ...rows].join('\n'),
    );
  }
  for (const { ticker, status, workflowId, message } of story.outcomes) {
    const there = joined.find(({ runId }) => runId === workflowId)?.run.runId;
    const how = there === undefined ? status : `${status} by [a run that was there already](${runPath(run, there)})`;
    lines.push(`- ${ticker}: ${how}${message === undefined ? '' : `, ${message}`}`);
  }
  return [...lines, ...story.notes].join('\n\n');
}

function verdictOf({ pipeline, story }: EndedRun): string {
  if (pipeline.ended!.as !== 'FINISHED') return pipeline.ended!.as === 'FAILED' ? 'failed' : 'cancelled';
  if (story.ticker === undefined)
    return story.outcomes.some(({ status }) => status === 'failed') ? 'incomplete' : 'completed';
  return story.promotions.some(({ kind }) => kind !== 'naive') ? 'promoted' : 'naive';
}

function nameOf({ model, place }: UsedModel): string {
  return place === undefined ? model.id : `${place.name}/${place.number}`;
}

const textOf = (names: readonly string[]) => (names.length === 0 ? undefined : names.join(' '));

function runPath({ experimentId }: MlflowRun, runId: string): string {
  return `#/experiments/${experimentId}/runs/${runId}`;
}
