import { type MlflowHttp, ensured } from './mlflow-http.ts';
import { KEY_TAG, type Texts, listed, unlessGone } from './mlflow-runs.ts';

const PAGE = 1000;
const LONGEST_TAG = 100_000;

/** A version of a registered model. */
export interface MlflowVersion {
  readonly name: string;
  /** MLflow's own number, which counts all kinds together. */
  readonly number: number;
  readonly runId: string;
  readonly stage: string;
  readonly tags: Readonly<Record<string, string | undefined>>;
}

/** The old stages that MLflow still shows and old clients ask for. */
export type OldStage = 'None' | 'Staging' | 'Production' | 'Archived';

interface VersionAnswer {
  readonly name: string;
  readonly version: string;
  readonly run_id: string;
  readonly current_stage: string;
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

/** Registered models of an MLflow, their versions and aliases. Every call but `create` may be made again without a difference. */
export class MlflowModels {
  readonly #http: MlflowHttp;

  constructor(http: MlflowHttp) {
    this.#http = http;
  }

  /** Makes the registered model if need be. */
  async ensure(name: string, tags: Texts, description: string): Promise<void> {
    await ensured(
      () => unlessGone(this.#http.get('registered-models/get', { name })),
      () => this.#http.create('registered-models/create', { name, tags: listed(tags, LONGEST_TAG), description }),
    );
  }

  /** Versions by number: those with this key or of this tenant, of all models, or all of one model. */
  async versions(
    of: { readonly key: string } | { readonly tenant: string } | { readonly name: string },
  ): Promise<MlflowVersion[]> {
    const filter =
      'key' in of
        ? `tags.${KEY_TAG} = '${of.key}'`
        : 'tenant' in of
          ? `tags.tenant = '${of.tenant}'`
          : `name = '${of.name}'`;
    const found: VersionAnswer[] = [];
    let page_token: string | undefined;
    do {
      const asked = { filter, max_results: PAGE, page_token };
      type Answer = { model_versions?: VersionAnswer[]; next_page_token?: string };
      const answer: Answer = await this.#http.get('model-versions/search', asked);
      found.push(...(answer.model_versions ?? []));
      page_token = answer.next_page_token || undefined;
    } while (page_token !== undefined);
    return found.map(versionOf).sort((a, b) => a.number - b.number);
  }

  /** Makes a version. Not tried again: the caller looks for it first. */
  async create(name: string, run: { readonly runId: string; readonly source: string }, tags: Texts): Promise<void> {
    const { runId: run_id, source } = run;
    await this.#http.create('model-versions/create', { name, run_id, source, tags: listed(tags, LONGEST_TAG) });
  }

  async delete({ name, number }: MlflowVersion): Promise<void> {
    await unlessGone(this.#http.put('model-versions/delete', { name, version: String(number) }, 'DELETE'));
  }

  async setTags({ name, number }: Pick<MlflowVersion, 'name' | 'number'>, tags: Texts): Promise<void> {
    for (const tag of listed(tags, LONGEST_TAG)) {
      await this.#http.put('model-versions/set-tag', { name, version: String(number), ...tag });
    }
  }

  async deleteTag({ name, number }: MlflowVersion, key: string): Promise<void> {
    await unlessGone(this.#http.put('model-versions/delete-tag', { name, version: String(number), key }, 'DELETE'));
  }

  async describe({ name, number }: Pick<MlflowVersion, 'name' | 'number'>, description: string): Promise<void> {
    await this.#http.put('model-versions/update', { name, version: String(number), description }, 'PATCH');
  }

  async setModelTag(name: string, key: string, value: string): Promise<void> {
    await this.#http.put('registered-models/set-tag', { name, key, value: value.slice(0, LONGEST_TAG) });
  }

  /** Where each alias points. */
  async aliases(name: string): Promise<ReadonlyMap<string, number>> {
    type Answer = { registered_model: { aliases?: { alias: string; version: string }[] } };
    const { registered_model } = await this.#http.get<Answer>('registered-models/get', { name });
    return new Map((registered_model.aliases ?? []).map(({ alias, version }) => [alias, Number(version)]));
  }

  /** Points an alias to a version, or takes it away. */
  async setAlias(name: string, alias: string, number: number | undefined): Promise<void> {
    if (number === undefined) await unlessGone(this.#http.put('registered-models/alias', { name, alias }, 'DELETE'));
    else await this.#http.put('registered-models/alias', { name, alias, version: String(number) });
  }

  async moveToStage({ name, number }: MlflowVersion, stage: OldStage): Promise<void> {
    const asked = { name, version: String(number), stage, archive_existing_versions: false };
    await this.#http.put('model-versions/transition-stage', asked);
  }
}

function versionOf({ name, version, run_id, current_stage, tags = [] }: VersionAnswer): MlflowVersion {
  return {
    name,
    number: Number(version),
    runId: run_id,
    stage: current_stage,
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
  };
}
