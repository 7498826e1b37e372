import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { Promotion } from '../domain/model-version.ts';
import type { BehindNaive, ForecastScore, JudgementResult, OnBehindNaive } from '../domain/scoring.ts';
import { type BehindNaiveLook, behindNaive } from '../models/evaluation/behind-naive.ts';
import { type LiveRecord, liveRecord, onePerSession } from '../models/evaluation/live-record.ts';
import { knownTickers } from './histories.ts';
import { FALLBACK_KIND } from './planning.ts';
import { rollBack } from './rollback.ts';
import { newestOfKind } from './newest-of-kind.ts';
import type { Services } from './services.ts';

const SHOWN = 20;
/** Who demotes, in the ledger. */
const JUDGE = 'scoring';

/** How a kind has done for a ticker and horizon: what was forecast live, and apart from it what was not. */
export interface TrackRecord {
  readonly horizon: Horizon;
  readonly kind: string;
  /** Versions of it that made the live forecasts. */
  readonly versions: number;
  readonly serves: boolean;
  /** Undefined while no live forecast has matured. */
  readonly live: LiveRecord | undefined;
  /** Forecasts that were made as of a past day, when their outcome was known: no live record, whatever they saw. */
  readonly backfilled: LiveRecord | undefined;
  readonly behindNaive: BehindNaive | undefined;
}

/** The track records of a ticker's kinds, by horizon and kind. @throws StockcastError TICKER_UNKNOWN */
export async function trackRecords(services: Services, context: Context, ticker: string): Promise<TrackRecord[]> {
  await knownTickers(services, context, [ticker]);
  const [scores, flags, serving] = await Promise.all([
    services.scores.ofTicker(context, ticker),
    services.scores.flags(context),
    services.ledger.serving(context),
  ]);
  const groups = new Map<string, ForecastScore[]>();
  for (const score of scores) {
    const key = `${String(score.horizon).padStart(3)}/${score.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), score]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const { horizon, kind } = group[0]!;
      const live = group.filter((score) => score.live);
      const isIts = (line: { ticker: string; horizon: Horizon; kind: string }) =>
        line.ticker === ticker && line.horizon === horizon && line.kind === kind;
      return {
        ...{ horizon, kind },
        versions: new Set(live.map(({ modelId }) => modelId)).size,
        serves: serving.some(isIts),
        live: liveRecord(onePerSession(live), horizon),
        backfilled: liveRecord(onePerSession(group.filter((score) => !score.live)), horizon),
        behindNaive: flags.find(isIts),
      };
    });
}

/**
 * Judges what serves by its live record, flags what is significantly behind naive, and where `demote` is asked for lets
 * naive serve in its place. The record is that of the kind since it serves without a break, since a version that is
 * trained anew each week would never have one.
 */
export async function judgeLiveRecords(
  services: Services,
  context: Context,
  { ticker, onBehindNaive }: { readonly ticker?: string; readonly onBehindNaive: OnBehindNaive },
): Promise<JudgementResult> {
  const serving = (await services.ledger.serving(context)).filter(
    (entry) => entry.kind !== FALLBACK_KIND && (ticker === undefined || entry.ticker === ticker),
  );
  const known = await services.scores.flags(context);
  const behind: BehindNaive[] = [];
  const problems: string[] = [];
  let nDemoted = 0;
  for (const entry of serving) {
    const found =
      known.find(
        (flag) => flag.ticker === entry.ticker && flag.horizon === entry.horizon && flag.kind === entry.kind,
      ) ?? (await lookAt(services, context, entry));
    if (found === undefined) continue;
    behind.push(found);
    await services.scores.flag(context, found);
    if (onBehindNaive !== 'demote') continue;
    const problem = await demote(services, context, entry, found);
    if (problem === undefined) nDemoted++;
    else problems.push(problem);
  }
  return {
    judged: serving.length,
    nBehind: behind.length,
    nDemoted,
    behind: behind.slice(0, SHOWN).map(({ ticker: of, horizon, kind, n, rmseRatioToNaive, p }) => ({
      ...{ ticker: of, horizon, kind, n, rmseRatioToNaive, p },
    })),
    problems: problems.slice(0, SHOWN),
  };
}

async function lookAt(services: Services, context: Context, entry: Promotion): Promise<BehindNaive | undefined> {
  const { ticker, horizon, kind, modelId } = entry;
  const moves = (await services.ledger.history(context, ticker)).filter(
    (move) => move.horizon === horizon && move.movedLive,
  );
  const others = moves.findIndex((move) => move.kind !== kind);
  const service = others === -1 ? moves : moves.slice(0, others);
  const servesSince = service.at(-1)?.at ?? entry.at;
  const models = new Set(service.map((move) => move.modelId));
  const scores = (await services.scores.ofTicker(context, ticker, { horizon, kind })).filter(
    (score) => score.live && models.has(score.modelId) && score.madeAt >= servesSince,
  );
  const inOrder = onePerSession(scores).sort((a, b) =>
    a.scoredAt === b.scoredAt ? 0 : a.scoredAt < b.scoredAt ? -1 : 1,
  );
  const look = behindNaive(inOrder, horizon);
  if (look === undefined) return undefined;
  return { ...{ ticker, horizon, kind, modelId, servesSince }, ...look, foundAt: context.clock.now().toISOString() };
}

/** Lets naive serve; returns why it could not be done, if so. */
async function demote(
  services: Services,
  context: Context,
  { ticker, horizon, modelId }: Promotion,
  found: BehindNaive,
): Promise<string | undefined> {
  const naive = await newestOfKind(services, context, { ticker, horizon, kind: FALLBACK_KIND });
  if (naive === undefined) return `${ticker}, ${horizon}: there is no ${FALLBACK_KIND} model to serve in its place`;
  try {
    await rollBack(services, context, {
      ...{ ticker, horizon, from: modelId, to: naive.id, by: JUDGE },
      reason: behindNaiveReason(found),
    });
    return undefined;
  } catch (error) {
    if (error instanceof StockcastError && error.code === 'ROLLBACK_REFUSED') return error.message;
    throw error;
  }
}

/** What was found, in words. */
export function behindNaiveReason({ n, rmseRatioToNaive, p, level }: BehindNaiveLook): string {
  return (
    `its live record is significantly behind naive: RMSE ${rmseRatioToNaive.toFixed(4)} times naive's on ${n} ` +
    `forecasts that do not overlap, p ${p.toPrecision(2)} below ${level.toPrecision(2)}`
  );
}
