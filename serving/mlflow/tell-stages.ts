import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { MlflowVersion, OldStage } from '../../stores/mlflow/mlflow-models.ts';
import type { LackedPromotion } from '../../stores/mlflow/mlflow-backlog.ts';
import { registeredName } from '../../stores/registry/mlflow-model-registry.ts';
import type { MlflowParts } from './mlflow-parts.ts';

/**
 * Notes a move of the `production` alias with the version and, as history, with the registered model. Returns false
 * when MLflow does not have the model yet.
 */
export async function tellPromotion(
  { models, registry }: MlflowParts,
  context: Context,
  { id, promotion }: LackedPromotion,
): Promise<boolean> {
  const { ticker, horizon, modelId, kind, at, principal, reasons, movedLive, asOf, runId } = promotion;
  const place = await registry.place(context, modelId);
  if (place === undefined) return false;
  if (!movedLive) return true;
  const reason = reasons.join('\n');
  await models.setTags(place, {
    ...{ promoted_at: at, promoted_by: principal, promotion_reason: reason, promotion_workflow_id: runId },
  });
  const entry = `${at} to version ${place.number} (${kind}) as of ${asOf} by ${principal}: ${reason}`;
  const name = registeredName(context.tenant, ticker, horizon);
  await models.setModelTag(name, `promotion.${String(id).padStart(8, '0')}`, entry);
  return true;
}

/**
 * Puts the aliases, the tag `archived` and the old stages of a ticker and horizon to where ledger and certificates say:
 * `production` is what serves, `staging` the newest certified version that never served, `shadow` the challenger that
 * forecasts beside what serves, archived what served before.
 */
export async function tellStages(
  { services, models }: MlflowParts,
  context: Context,
  ticker: string,
  horizon: Horizon,
): Promise<void> {
  const name = registeredName(context.tenant, ticker, horizon);
  const [versions, standings, history, running] = await Promise.all([
    models.versions({ name }),
    services.registry.standings(context, ticker, horizon),
    services.ledger.history(context, ticker),
    services.experiments.runningLines(),
  ]);
  if (versions.length === 0) return;
  const byModel = new Map(versions.map((version) => [version.tags.model_id, version]));
  const moves = history.filter((entry) => entry.horizon === horizon && entry.movedLive);
  const serving = moves[0]?.modelId;
  const served = new Set(moves.map(({ modelId }) => modelId));
  const [staged] = standings
    .filter(({ id, certificate }) => certificate?.passed === true && !served.has(id) && byModel.has(id))
    .sort((a, b) => compare(b.asOf, a.asOf) || byModel.get(b.id)!.number - byModel.get(a.id)!.number);

  const shadow = running.find(
    (line) =>
      line.mode === 'shadow' && line.tenant === context.tenant && line.ticker === ticker && line.horizon === horizon,
  );

  /** The model that each alias is to point to; without one it is taken away. */
  const wanted: readonly (readonly [alias: string, modelId: string | undefined])[] = [
    ['production', serving],
    ['staging', staged?.id],
    ['shadow', shadow?.challenger.modelId],
  ];
  const aliases = await models.aliases(name);
  for (const [alias, id] of wanted) {
    const number = id === undefined ? undefined : byModel.get(id)?.number;
    // An alias waits for its version rather than point to none.
    if (id !== undefined && number === undefined) continue;
    if (aliases.get(alias) !== number) await models.setAlias(name, alias, number);
  }
  for (const [id, version] of byModel) {
    if (id === undefined) continue;
    const isArchived = served.has(id) && id !== serving;
    const stage = id === serving ? 'Production' : isArchived ? 'Archived' : id === staged?.id ? 'Staging' : 'None';
    await moveTo(models, version, stage, isArchived);
  }
}

async function moveTo(
  models: MlflowParts['models'],
  version: MlflowVersion,
  stage: OldStage,
  isArchived: boolean,
): Promise<void> {
  if (version.stage !== stage) await models.moveToStage(version, stage);
  if (isArchived && version.tags.archived === undefined) await models.setTags(version, { archived: 'true' });
  if (!isArchived && version.tags.archived !== undefined) await models.deleteTag(version, 'archived');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
