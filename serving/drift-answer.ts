import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { type CoverageCheck, type DriftReport, type Untold, type WindowComparison, isTold } from '../domain/drift.ts';
import { knownTickers } from './histories.ts';
import type { Services } from './services.ts';

/**
 * The newest drift report of each horizon of a ticker, as the API and the CLI give it; with `asOf`, of those that saw
 * no later session.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function driftAnswer(services: Services, context: Context, ticker: string, asOf?: SessionDate) {
  await knownTickers(services, context, [ticker]);
  const [reports, serving] = await Promise.all([
    services.drift.newest(context, ticker, asOf),
    services.ledger.serving(context),
  ]);
  const ids = new Set(serving.map(({ modelId }) => modelId));
  return { ticker, reports: reports.map((report) => reportAnswer(report, ids.has(report.modelId))) };
}

export type DriftAnswer = Awaited<ReturnType<typeof driftAnswer>>;

function reportAnswer(report: DriftReport, serves: boolean) {
  const { horizon, kind, modelId, modelVersion, session, level, alarms, madeAt, features } = report;
  return {
    horizon,
    model: kind,
    version: modelVersion,
    model_id: modelId,
    serves,
    session,
    made_at: madeAt,
    alarms,
    level,
    features: isTold(features)
      ? { ...comparisonAnswer(features), training: features.training, window: features.window }
      : untoldAnswer(features),
    residuals: told(report.residuals, comparisonAnswer),
    coverage80: told(report.coverage80, coverageAnswer),
    coverage95: told(report.coverage95, coverageAnswer),
  };
}

function told<T extends object, A>(check: T | Untold, answer: (check: T) => A) {
  return isTold(check) ? answer(check) : untoldAnswer(check);
}

function untoldAnswer({ untold }: Untold) {
  return { untold };
}

function comparisonAnswer({ nReference, nWindow, p, columns }: WindowComparison) {
  return {
    n_reference: nReference,
    n_window: nWindow,
    p,
    columns: columns.map(({ name, psi, ks, spreadKs, usualPsi, usualKs, usualSpreadKs, p: ofColumn }) => ({
      ...{ name, psi, ks },
      spread_ks: spreadKs,
      usual_psi: usualPsi,
      usual_ks: usualKs,
      usual_spread_ks: usualSpreadKs,
      p: ofColumn,
    })),
  };
}

function coverageAnswer({ level, n, nIndependent, coverage, p }: CoverageCheck) {
  return { promised: level, coverage, n, n_independent: nIndependent, p };
}
