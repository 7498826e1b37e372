import { type Context, DEFAULT_TENANT } from '../../domain/context.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { sha256Hex } from '../../domain/identity.ts';
import type { CertificateRef, ModelReferences, ModelVersion } from '../../domain/model-version.ts';
import type { MlflowHttp } from '../mlflow/mlflow-http.ts';
import { MlflowModels, type MlflowVersion } from '../mlflow/mlflow-models.ts';
import { KEY_TAG, type MlflowRun, MlflowRuns } from '../mlflow/mlflow-runs.ts';
import { ensured } from '../mlflow/mlflow-http.ts';
import type { ModelRegistry, ModelStanding, NewModelVersion, VersionFilter } from './model-registry.ts';

const DOCUMENT = 'registry/model.json';
const EVALUATION = 'registry/evaluation.json';
const JSON_TYPE = 'application/json';
const RATIO_TAG = 'rmse_ratio_to_naive';
const CERTIFICATE_TAG = 'certificate';

/**
 * Model versions in MLflow: a run and a version of the registered model `TICKER-hHORIZON` for each. MLflow counts the
 * versions of a registered model together, so ours are the ranks among those of a kind. Documents that may be large are
 * artifacts of the run; the tags hold what is searched for. Of versions that several processes made of one model at
 * once, the first counts and the others are deleted.
 */
export class MlflowModelRegistry implements ModelRegistry {
  readonly #http: MlflowHttp;
  readonly #runs: MlflowRuns;
  readonly #models: MlflowModels;

  constructor(http: MlflowHttp) {
    this.#http = http;
    this.#runs = new MlflowRuns(http);
    this.#models = new MlflowModels(http);
  }

  async register(context: Context, model: NewModelVersion): Promise<ModelVersion> {
    return this.#read(await this.#made(context, model));
  }

  /** Enters a version that another registry has counted, with its number; entering it again changes nothing. */
  async follow(context: Context, model: ModelVersion): Promise<MlflowVersion> {
    const { version, evaluation: _, certificate: __, ...entered } = model;
    const made = await this.#made(context, entered, version);
    // A creation that took too long may come about after it was done again.
    const experimentId = await experimentOf(this.#runs, context.tenant);
    for (const { runId } of await this.#runs.runsWith(experimentId, made.tags[KEY_TAG]!)) {
      if (runId !== made.runId) await this.#runs.delete(runId);
    }
    return made;
  }

  async #made(context: Context, model: NewModelVersion, counted?: number): Promise<MlflowVersion> {
    const { tenant } = context;
    const key = keyOf(tenant, model.id);
    const name = registeredName(tenant, model.ticker, model.horizon);
    const made = await ensured(
      async () => (await this.#models.versions({ key }))[0],
      async () => {
        const run = await this.#runOf(tenant, model, key);
        await this.#store(run, DOCUMENT, model);
        const of = { ticker: model.ticker, horizon: String(model.horizon), tenant };
        await this.#models.ensure(name, of, descriptionOf(model));
        const tags = { [KEY_TAG]: key, ...of, kind: model.kind, as_of: model.asOf, dataset: model.datasetId };
        const source = { runId: run.runId, source: `${run.artifactUri}/model` };
        await this.#models.create(name, source, { ...tags, model_id: model.id });
      },
    );
    await this.#removeOthers(made, key);
    if (made.tags.version !== undefined) return made;
    const version = String(counted ?? (await this.#rank(made)));
    const runName = `${model.ticker} h${model.horizon} ${model.kind} v${version}`;
    await this.#runs.update(made.runId, { name: runName, status: 'FINISHED', endedAt: Date.parse(model.trainedAt) });
    await this.#models.setTags(made, { version });
    return { ...made, tags: { ...made.tags, version } };
  }

  async recordEvaluation(context: Context, modelId: string, evaluation: Evaluation): Promise<void> {
    const found = await this.place(context, modelId);
    if (found === undefined) throw new RangeError(`no model ${modelId} is registered, so it cannot be evaluated`);
    await this.#store(await this.#runs.get(found.runId), EVALUATION, evaluation);
    await this.#models.setTags(found, { [RATIO_TAG]: String(evaluation.rmseRatioToNaive) });
  }

  async recordCertificate(context: Context, modelId: string, { id, passed }: CertificateRef): Promise<void> {
    const found = await this.place(context, modelId);
    if (found === undefined) throw new RangeError(`no model ${modelId} is registered, so it cannot be certified`);
    // One tag, so that a certificate and its verdict can't be of two.
    await this.#models.setTags(found, { [CERTIFICATE_TAG]: `${passed ? 'passed' : 'refused'} ${id}` });
  }

  async find(context: Context, modelId: string): Promise<ModelVersion | undefined> {
    const found = await this.place(context, modelId);
    return found === undefined ? undefined : this.#read(found);
  }

  async newest(
    context: Context,
    ticker: string,
    horizon: Horizon,
    kind: string,
    { asOf, having }: VersionFilter = {},
  ): Promise<ModelVersion | undefined> {
    const needed = having && { evaluation: RATIO_TAG, certificate: CERTIFICATE_TAG }[having];
    const [found] = (await this.#versions(context, ticker, horizon))
      .filter(({ tags }) => tags.kind === kind && (asOf === undefined || tags.as_of! <= asOf))
      .filter(({ tags }) => needed === undefined || tags[needed] !== undefined)
      .sort((a, b) => compare(b.tags.as_of!, a.tags.as_of!) || b.number - a.number);
    return found === undefined ? undefined : this.#read(found);
  }

  async kinds(context: Context, ticker: string, horizon: Horizon): Promise<string[]> {
    const versions = await this.#versions(context, ticker, horizon);
    return [...new Set(versions.map(({ tags }) => tags.kind!))].sort();
  }

  async standings(context: Context, ticker: string, horizon: Horizon): Promise<ModelStanding[]> {
    const versions = await this.#versions(context, ticker, horizon);
    const counts = new Map<string, number>();
    const standings = versions.map(({ tags }): ModelStanding => {
      const kind = tags.kind!;
      const version = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, version);
      const ratio = tags[RATIO_TAG];
      return {
        id: tags.model_id!,
        kind,
        version,
        asOf: tags.as_of!,
        datasetId: tags.dataset!,
        ...(ratio === undefined ? {} : { rmseRatioToNaive: Number(ratio) }),
        ...certificateOf(tags),
      };
    });
    return standings.sort((a, b) => compare(a.kind, b.kind) || a.version - b.version);
  }

  async *references({ tenant }: Context): AsyncIterable<ModelReferences> {
    for (const place of firsts(await this.#models.versions({ tenant }))) {
      const { id, ticker, datasetId, panel, featureSet, codeVersion, objectKey } = await this.#document(place);
      const of = { id, ticker, datasetId, featureSet, codeVersion, objectKey };
      yield { ...of, ...(panel === undefined ? {} : { panel }), ...certificateOf(place.tags) };
    }
  }

  /** Where a model lies in MLflow. */
  async place({ tenant }: Context, modelId: string): Promise<MlflowVersion | undefined> {
    return (await this.#models.versions({ key: keyOf(tenant, modelId) }))[0];
  }

  async #runOf(tenant: string, model: NewModelVersion, key: string): Promise<MlflowRun> {
    const experimentId = await experimentOf(this.#runs, tenant);
    const { ticker, horizon, kind } = model;
    return this.#runs.run(experimentId, {
      key,
      name: `${ticker} h${horizon} ${kind}`,
      startedAt: Date.parse(model.trainedAt),
      tags: {
        ...{ ticker, kind, horizon: String(horizon), model_id: model.id },
        ...{ dataset: model.datasetId, as_of: model.asOf, workflow_id: model.runId },
      },
    });
  }

  async #read(place: MlflowVersion): Promise<ModelVersion> {
    const isEvaluated = place.tags.rmse_ratio_to_naive !== undefined;
    return {
      ...(await this.#document(place)),
      version: place.tags.version === undefined ? await this.#rank(place) : Number(place.tags.version),
      ...(isEvaluated ? { evaluation: await this.#load<Evaluation>(place, EVALUATION) } : {}),
      ...certificateOf(place.tags),
    };
  }

  #document(place: MlflowVersion): Promise<NewModelVersion> {
    return this.#load(place, DOCUMENT);
  }

  async #load<T>({ runId }: MlflowVersion, path: string): Promise<T> {
    const { artifactUri } = await this.#runs.get(runId);
    return JSON.parse(await this.#http.download(artifactUri, path)) as T;
  }

  // MLflow gives numbers in order, so those before this one are all there.
  async #rank({ name, number, tags: { kind } }: MlflowVersion): Promise<number> {
    const versions = firsts(await this.#models.versions({ name }));
    return versions.filter((other) => other.tags.kind === kind && other.number <= number).length;
  }

  async #removeOthers(first: MlflowVersion, key: string): Promise<void> {
    const [, ...others] = await this.#models.versions({ key });
    for (const other of others) await this.#models.delete(other);
    if (others.length === 0) return;
    for (const runId of new Set(others.map((other) => other.runId))) {
      if (runId !== first.runId) await this.#runs.delete(runId);
    }
  }

  async #versions({ tenant }: Context, ticker: string, horizon: Horizon): Promise<MlflowVersion[]> {
    return firsts(await this.#models.versions({ name: registeredName(tenant, ticker, horizon) }));
  }

  async #store({ artifactUri }: MlflowRun, path: string, document: object): Promise<void> {
    await this.#http.upload(artifactUri, path, new TextEncoder().encode(JSON.stringify(document)), JSON_TYPE);
  }
}

/** The id of the experiment `stockcast/TENANT` of a tenant's runs, which is made if need be. */
export function experimentOf(runs: MlflowRuns, tenant: string): Promise<string> {
  return runs.experiment(`stockcast/${tenant}`, { tenant, 'mlflow.note.content': EXPERIMENT_NOTE });
}

const EXPERIMENT_NOTE = `Runs of stockcast: those of a universe, below them those of its tickers, below these the models that they made. The tag \`workflow_link\` leads to Temporal. For a table of models, search for \`metrics.rmse > 0\` and sort by \`rmse_ratio_to_naive\`: below 1 is better than the naive forecast.`;

/** The registered model of a ticker and horizon. No ticker is written in small letters, as tenants are. */
export function registeredName(tenant: string, ticker: string, horizon: Horizon): string {
  const name = `${ticker}-h${horizon}`;
  return tenant === DEFAULT_TENANT ? name : `${tenant}.${name}`;
}

function descriptionOf({ ticker, horizon }: Pick<NewModelVersion, 'ticker' | 'horizon'>): string {
  return `Forecasts of ${ticker}'s log return over ${horizon} session${horizon === 1 ? '' : 's'}. The alias \`production\` points to what serves; versions of all kinds are counted together, the tag \`version\` counts those of a kind.`;
}

// Ids need not be fit for a filter.
function keyOf(tenant: string, modelId: string): string {
  return sha256Hex(`model/${tenant}/${modelId}`);
}

/** Without the later versions of one and the same model. */
function firsts(versions: readonly MlflowVersion[]): MlflowVersion[] {
  const seen = new Set<string>();
  return versions.filter(({ tags }) => {
    const key = tags[KEY_TAG];
    if (key === undefined || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function certificateOf({ certificate }: MlflowVersion['tags']): Pick<ModelVersion, 'certificate'> {
  if (certificate === undefined) return {};
  const [verdict, id] = certificate.split(' ') as [string, string];
  return { certificate: { id, passed: verdict === 'passed' } };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
