/** What a client of MLflow sees of one tenant. */
export interface MlflowView {
  readonly runs: readonly RunView[];
  readonly versions: readonly VersionView[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly modelTags: Readonly<Record<string, string>>;
}

export interface RunView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface VersionView {
  readonly number: string;
  readonly stage: string;
  readonly runId: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

interface Pair<T = string> {
  readonly key: string;
  readonly value: T;
}

/** Reads what MLflow's REST API says of a tenant's experiment and of one registered model. */
export async function viewOf(url: string, tenant: string, model: string): Promise<MlflowView> {
  const name = encodeURIComponent(`stockcast/${tenant}`);
  type Found = { experiment: { experiment_id: string } };
  const { experiment } = await ask<Found>(url, `experiments/get-by-name?experiment_name=${name}`);
  const asked = { experiment_ids: [experiment.experiment_id], max_results: 500 };
  type Runs = {
    runs?: {
      info: { run_id: string; run_name: string; status: string };
      data: { params?: Pair[]; tags?: Pair[]; metrics?: Pair<number>[] };
    }[];
  };
  const { runs = [] } = await ask<Runs>(url, 'runs/search', asked);
  const filter = encodeURIComponent(`name = '${model}'`);
  type Versions = {
    model_versions?: {
      version: string;
      current_stage: string;
      run_id: string;
      description?: string;
      tags?: Pair[];
    }[];
  };
  const { model_versions = [] } = await ask<Versions>(url, `model-versions/search?filter=${filter}&max_results=100`);
  type Registered = { registered_model: { aliases?: { alias: string; version: string }[]; tags?: Pair[] } };
  const { registered_model } = await ask<Registered>(url, `registered-models/get?name=${encodeURIComponent(model)}`);
  return {
    runs: runs
      .map(({ info, data }) => ({
        id: info.run_id,
        name: info.run_name,
        status: info.status,
        params: pairs(data.params),
        tags: pairs(data.tags),
        metrics: pairs(data.metrics),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    versions: model_versions
      .map(({ version, current_stage, run_id, description = '', tags }) => ({
        number: version,
        stage: current_stage,
        runId: run_id,
        description,
        tags: pairs(tags),
      }))
      .sort((a, b) => Number(a.number) - Number(b.number)),
    aliases: Object.fromEntries((registered_model.aliases ?? []).map(({ alias, version }) => [alias, version])),
    modelTags: pairs(registered_model.tags),
  };
}

/** Every value that a run's metric ever had, with its step. */
export async function metricHistory(
  url: string,
  runId: string,
  key: string,
): Promise<{ step: number; value: number }[]> {
  const asked = `metrics/get-history?run_id=${runId}&metric_key=${encodeURIComponent(key)}`;
  const { metrics = [] } = await ask<{ metrics?: { step?: number; value: number }[] }>(url, asked);
  return metrics.map(({ step = 0, value }) => ({ step, value }));
}

/** Paths of a run's artifacts in a folder. */
export async function artifactPaths(url: string, runId: string, folder = ''): Promise<string[]> {
  const asked = `artifacts/list?run_id=${runId}&path=${encodeURIComponent(folder)}`;
  const { files = [] } = await ask<{ files?: { path: string }[] }>(url, asked);
  return files.map(({ path }) => path).sort();
}

/** Puts a tenant's experiment aside under another name and deletes a registered model, so that nothing is known of them. */
export async function emptied(url: string, tenant: string, model: string): Promise<void> {
  const name = encodeURIComponent(`stockcast/${tenant}`);
  type Found = { experiment: { experiment_id: string } };
  const { experiment } = await ask<Found>(url, `experiments/get-by-name?experiment_name=${name}`);
  const { experiment_id } = experiment;
  await ask(url, 'experiments/update', { experiment_id, new_name: `put-aside/${tenant}/${experiment_id}` });
  const registered = await fetch(`${url}/api/2.0/mlflow/registered-models/get?name=${encodeURIComponent(model)}`);
  if (registered.ok) await ask(url, 'registered-models/delete', { name: model }, 'DELETE');
}

async function ask<T>(url: string, call: string, body?: object, method = 'POST'): Promise<T> {
  const answer = await fetch(`${url}/api/2.0/mlflow/${call}`, {
    ...(body === undefined
      ? {}
      : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${call}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

function pairs<T>(list: readonly Pair<T>[] = []): Record<string, T> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}
