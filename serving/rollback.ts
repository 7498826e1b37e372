import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ModelVersion, type Promotion, promotionId } from '../domain/model-version.ts';
import { KINDS, kindNamed } from '../models/kinds.ts';
import { knownTickers } from './histories.ts';
import { FALLBACK_KIND } from './planning.ts';
import { newestOfKind } from './newest-of-kind.ts';
import type { Services } from './services.ts';

/** What is to serve again, and why. */
export interface RollbackRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  /** Id of a model, its beginning, or a kind for the newest of it; default: what served before the newest promotion. */
  readonly to?: string;
  /** Refused unless this model serves; default: whatever serves. */
  readonly from?: string;
  readonly reason: string;
  /** Who says so; default: the principal of the context. */
  readonly by?: string;
}

/** What serves after a rollback, as the API and the CLI give it. */
export interface RollbackAnswer {
  /** Names the entry of the ledger, for `lineage`. */
  readonly promotion_id: string;
  readonly ticker: string;
  readonly horizon: number;
  /** False when it served already, as after the same request made twice. */
  readonly moved: boolean;
  readonly model: string;
  readonly model_id: string;
  readonly from_model_id: string | null;
  readonly certificate_id: string | null;
  readonly at: string;
  readonly principal: string;
  readonly reasons: readonly string[];
}

/**
 * Moves the live alias back to what served before the newest promotion, or to a named model, by an entry in the ledger;
 * nothing is trained. A request that has been fulfilled changes nothing: without a name, one goes back behind a
 * promotion once. The next run may promote again, by certificate.
 * @throws StockcastError TICKER_UNKNOWN, REQUEST_INVALID without a reason or when several models begin so, ROLLBACK_REFUSED
 */
export async function rollBack(
  services: Services,
  context: Context,
  request: RollbackRequest,
): Promise<RollbackAnswer> {
  const { ticker, horizon, to } = request;
  const [by, reason] = [(request.by ?? context.principal).trim(), request.reason.trim()];
  for (const [field, text] of [
    ['by', by],
    ['reason', reason],
  ] as const) {
    if (text === '') throw new StockcastError('REQUEST_INVALID', { field, problem: 'is empty, the ledger needs it' });
  }
  await knownTickers(services, context, [ticker]);
  const moves = (await services.ledger.history(context, ticker)).filter(
    (entry) => entry.horizon === horizon && entry.movedLive,
  );
  const [serving, before] = moves;
  if (serving === undefined) throw refused(request, 'nothing serves yet, so there is nothing to go back from');
  if (request.from !== undefined && serving.modelId !== request.from) {
    throw refused(request, `${serving.kind} ${serving.modelId} has come to serve meanwhile`);
  }
  if (to === undefined && serving.isRollback === true) return answerOf(serving, false);
  if (to === undefined && before === undefined) {
    throw refused(
      request,
      `${serving.kind} ${serving.modelId} is the first model that serves, so the one to go back to has to be named, by its id or kind ("to", on the command line --to): naive may always serve`,
    );
  }
  const target = await modelNamed(services, context, request, to ?? before!.modelId);
  if (target.id === serving.modelId) return answerOf(serving, false);
  const served = moves.find(({ modelId }) => modelId === target.id);
  // What serves where nothing passes needs no certificate that it passed.
  const mayServe = served !== undefined || target.kind === FALLBACK_KIND || target.certificate?.passed === true;
  if (!mayServe) {
    throw refused(request, `${target.kind} ${target.id} never served and has no certificate that it passed the gate`);
  }
  await requireObjects(services, context, request, target);
  const certificateId = target.certificate?.id ?? served?.certificateId;
  const after = await services.ledger.rollBack(context, {
    ticker,
    horizon,
    from: serving.modelId,
    to: { modelId: target.id, kind: target.kind, ...(certificateId === undefined ? {} : { certificateId }) },
    reasons: [`Rolled back by ${by} from ${serving.kind} ${serving.modelId}: ${reason}`],
    principal: by,
  });
  if (after?.modelId !== target.id) {
    throw refused(request, `${after?.kind} ${after?.modelId} has come to serve meanwhile; look again`);
  }
  return answerOf(after, true);
}

async function modelNamed(
  services: Services,
  context: Context,
  request: RollbackRequest,
  id: string,
): Promise<ModelVersion> {
  const { ticker, horizon } = request;
  if (KINDS.some(({ name }) => name === id)) {
    const newest = await newestOfKind(services, context, { ticker, horizon, kind: id }, 'certificate');
    if (newest === undefined) throw refused(request, `no ${id} model is registered for it`);
    return newest;
  }
  if (!/^[0-9a-f]{4,64}$/.test(id)) {
    throw refused(
      request,
      `"${id}" is neither the id of a model, nor the first four digits or more of one, nor a kind`,
    );
  }
  const standings = await services.registry.standings(context, ticker, horizon);
  const found = standings.filter((standing) => standing.id.startsWith(id));
  if (found.length > 1) {
    throw new StockcastError('REQUEST_INVALID', {
      field: `to "${id}"`,
      problem: `${found.length} models of ${ticker} begin so, give more digits`,
    });
  }
  const model = found[0] && (await services.registry.find(context, found[0].id));
  if (model !== undefined) return model;
  throw refused(request, `no model ${id} is registered for it`);
}

// Forecasts would fail where the model cannot be read.
async function requireObjects(services: Services, context: Context, request: RollbackRequest, target: ModelVersion) {
  const isEnsemble = !('learner' in kindNamed(target.kind));
  const members = isEnsemble ? await Promise.all(target.madeFrom.map((id) => services.registry.find(context, id))) : [];
  for (const model of [target, ...members]) {
    if (model === undefined) throw refused(request, `a member of ${target.kind} ${target.id} is not registered`);
    if (await services.objects.exists(context, model.objectKey)) continue;
    throw refused(request, `${model.kind} ${model.id} cannot be read, its object ${model.objectKey} is missing`);
  }
}

function refused({ ticker, horizon }: RollbackRequest, problem: string): StockcastError {
  return new StockcastError('ROLLBACK_REFUSED', { ticker, horizon, problem });
}

function answerOf(entry: Promotion, moved: boolean): RollbackAnswer {
  const { ticker, horizon, kind, modelId, previousModelId, certificateId, at, principal, reasons } = entry;
  return {
    promotion_id: promotionId(entry),
    ticker,
    horizon,
    moved,
    model: kind,
    model_id: modelId,
    from_model_id: previousModelId ?? null,
    certificate_id: certificateId ?? null,
    at,
    principal,
    reasons,
  };
}
