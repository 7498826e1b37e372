import { type Payload, defaultPayloadConverter } from '@temporalio/common';
import type { TemporalGateway } from '../temporal-gateway.ts';
import type { PromotionOutcome, TickerOutcome, TrainingPlan } from '../../domain/run.ts';
import type { SessionDate, Vantage } from '../../domain/bar.ts';

/** What a run was asked for and what came of it; what it does not have is absent. */
export interface PipelineStory {
  readonly ticker?: string;
  readonly tickers?: readonly string[];
  readonly principal?: string;
  /** The newest session that it learnt from; until that is known, the day that it was asked for. */
  readonly asOf?: SessionDate;
  readonly plan?: TrainingPlan;
  readonly live?: boolean;
  /** Identities of the datasets that it read. */
  readonly datasetIds: readonly string[];
  /** The models that it made or, where they were there already, took. */
  readonly modelIds: readonly string[];
  readonly promotions: readonly PromotionOutcome[];
  readonly outcomes: readonly TickerOutcome[];
  readonly notes: readonly string[];
  /** Why it failed. */
  readonly failure?: string;
}

/** Name of the marker by which a history keeps an activity that was done within a workflow task. */
export const AT_HAND = 'core_local_activity';

type History = Awaited<ReturnType<ReturnType<TemporalGateway['client']['workflow']['getHandle']>['fetchHistory']>>;
type Payloads = readonly Payload[] | null | undefined;
type Asked = Pick<PipelineStory, 'ticker' | 'tickers' | 'plan' | 'live'> & {
  readonly vantage?: Vantage;
  readonly context?: { readonly principal?: string };
};

/** Reads a run's story from the history of its workflow, which holds what each of its steps was told and answered. */
export function storyOf({ events }: History): PipelineStory {
  const activities = new Map<string, string>();
  const ids = { ingest: new Set<string>(), train: new Set<string>() };
  let asked: Asked = {};
  let came: Partial<Pick<PipelineStory, 'asOf' | 'promotions' | 'outcomes' | 'notes'>> = {};
  let failure: string | undefined;
  const answered = (name: string | undefined, payloads: Payloads) => {
    const answer = read<{ readonly id?: string; readonly modelId?: string }>(payloads);
    if (name === 'ingest' && answer?.id !== undefined) ids.ingest.add(answer.id);
    if (name === 'train' && answer?.modelId !== undefined) ids.train.add(answer.modelId);
  };
  for (const event of events ?? []) {
    const begun = event.workflowExecutionStartedEventAttributes;
    if (begun) asked = read<Asked>(begun.input?.payloads) ?? {};
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) activities.set(String(event.eventId), scheduled.activityType?.name ?? '');
    const done = event.activityTaskCompletedEventAttributes;
    if (done) answered(activities.get(String(done.scheduledEventId)), done.result?.payloads);
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName === AT_HAND) {
      const { data, result } = marker.details ?? {};
      answered(read<{ readonly activity_type: string }>(data?.payloads)?.activity_type, result?.payloads);
    }
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) came = read<typeof came>(completed.result?.payloads) ?? {};
    const failed = event.workflowExecutionFailedEventAttributes?.failure;
    if (failed) failure = failed.cause?.message ?? failed.message ?? undefined;
  }
  const { context, ticker, tickers, vantage, plan, live } = asked;
  const asOf = came.asOf ?? vantage?.asOf;
  const { promotions = [], outcomes = [], notes = [] } = came;
  return {
    ...(ticker === undefined ? {} : { ticker }),
    ...(tickers === undefined ? {} : { tickers }),
    ...(context?.principal === undefined ? {} : { principal: context.principal }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(plan === undefined ? {} : { plan }),
    ...(live === undefined ? {} : { live }),
    ...{ datasetIds: [...ids.ingest], modelIds: [...ids.train], promotions, outcomes, notes },
    ...(failure === undefined ? {} : { failure }),
  };
}

function read<T>(payloads: Payloads): T | undefined {
  const [first] = payloads ?? [];
  return first === undefined ? undefined : defaultPayloadConverter.fromPayload<T>(first);
}
