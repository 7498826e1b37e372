import { type MlflowHttp, ensured, isRefusal } from './mlflow-http.ts';

/** MLflow's limits for one call, and for a value; longer ones are cut, so that no text of ours is refused. */
const TAGS_PER_CALL = 100;
const METRICS_PER_CALL = 1000;
const LONGEST_TAG = 8000;
const LONGEST_PARAMETER = 6000;
/** The tag that a run is found by: unique in its experiment. */
export const KEY_TAG = 'stockcast_key';

/** Names and values; what is undefined is left out. */
export type Texts = Readonly<Record<string, string | undefined>>;

/** A run as the calls on it need it. */
export interface MlflowRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly artifactUri: string;
}

/** A run that is to be there. */
export interface WantedRun {
  /** Two runs with one key are the same. */
  readonly key: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tags: Texts;
}

/** A figure; the same again, with the same time, changes nothing. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

interface RunAnswer {
  readonly info: { readonly run_id: string; readonly experiment_id: string; readonly artifact_uri: string };
}

/** Experiments and runs of an MLflow. Every call may be made again without a difference. */
export class MlflowRuns {
  readonly #http: MlflowHttp;

  constructor(http: MlflowHttp) {
    this.#http = http;
  }

  /** The id of the experiment with this name, which is made or brought back if need be. */
  async experiment(name: string, tags: Texts): Promise<string> {
    const { experiment_id: id, lifecycle_stage: stage } = await ensured(
      () => this.#experimentNamed(name),
      () => this.#http.create('experiments/create', { name, tags: listed(tags) }),
    );
    if (stage === 'deleted') await this.#http.put('experiments/restore', { experiment_id: id });
    return id;
  }

  /** The run with this key, which is made if need be. */
  async run(experimentId: string, { key, name, startedAt, tags }: WantedRun): Promise<MlflowRun> {
    const all = { ...tags, [KEY_TAG]: key, 'mlflow.source.name': 'stockcast', 'mlflow.user': 'stockcast' };
    const wanted = { experiment_id: experimentId, run_name: name, start_time: startedAt, tags: listed(all) };
    return ensured(
      async () => (await this.runsWith(experimentId, key))[0],
      () => this.#http.create('runs/create', wanted),
    );
  }

  /** The runs with this key, by id: more than one when processes, or a call that seemed lost, made it at once. */
  async runsWith(experimentId: string, key: string): Promise<MlflowRun[]> {
    const filter = `tags.${KEY_TAG} = '${key}'`;
    const asked = { experiment_ids: [experimentId], filter, max_results: 100 };
    const { runs = [] } = await this.#http.put<{ runs?: RunAnswer[] }>('runs/search', asked);
    return runs.map(runOf).sort(byRunId);
  }

  async get(runId: string): Promise<MlflowRun> {
    const { run } = await this.#http.get<{ run: RunAnswer }>('runs/get', { run_id: runId });
    return runOf(run);
  }

  async update(
    runId: string,
    what: {
      readonly name?: string;
      readonly status?: 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';
      readonly endedAt?: number;
    },
  ): Promise<void> {
    const { name: run_name, status, endedAt: end_time } = what;
    await this.#http.put('runs/update', { run_id: runId, run_name, status, end_time });
  }

  /** Writes parameters, tags and metrics in as few calls as MLflow allows. */
  async log(
    runId: string,
    what: { readonly params?: Texts; readonly tags?: Texts; readonly metrics?: readonly Metric[] },
  ): Promise<void> {
    const params = listed(what.params ?? {}, LONGEST_PARAMETER);
    const tags = listed(what.tags ?? {});
    // JSON, and MLflow's database, know no infinities.
    const metrics = (what.metrics ?? []).filter(({ value }) => Number.isFinite(value));
    do {
      const batch = {
        run_id: runId,
        params: params.splice(0, TAGS_PER_CALL),
        tags: tags.splice(0, TAGS_PER_CALL),
        metrics: metrics.splice(0, METRICS_PER_CALL - 2 * TAGS_PER_CALL),
      };
      await this.#http.put('runs/log-batch', batch);
    } while (params.length + tags.length + metrics.length > 0);
  }

  async delete(runId: string): Promise<void> {
    await unlessGone(this.#http.put('runs/delete', { run_id: runId }));
  }

  async #experimentNamed(name: string): Promise<{ experiment_id: string; lifecycle_stage: string } | undefined> {
    const asked = { experiment_name: name };
    type Answer = { experiment: { experiment_id: string; lifecycle_stage: string } };
    return (await unlessGone(this.#http.get<Answer>('experiments/get-by-name', asked)))?.experiment;
  }
}

/** What a call answers, or undefined where what it is about is not there. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
    throw error;
  }
}

/** Names and values as MLflow's calls take them. */
export function listed(texts: Texts, longest = LONGEST_TAG): { key: string; value: string }[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: value.slice(0, longest) }],
  );
}

function runOf({ info }: RunAnswer): MlflowRun {
  return { runId: info.run_id, experimentId: info.experiment_id, artifactUri: info.artifact_uri };
}

function byRunId(a: MlflowRun, b: MlflowRun): number {
  return a.runId < b.runId ? -1 : 1;
}
