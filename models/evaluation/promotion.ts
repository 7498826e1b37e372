import { StockcastError } from '../../domain/errors.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import { kindNamed } from '../kinds.ts';

/** An evaluated model that could serve. */
export interface Contender {
  readonly kind: string;
  readonly modelId: string;
  readonly evaluation: Evaluation;
}

/** Which model is to serve, and why, a sentence per contender. */
export interface PromotionChoice {
  readonly kind: string;
  readonly modelId: string;
  readonly reasons: readonly string[];
}

const FALLBACK = 'naive';

/**
 * Chooses what serves one ticker and horizon: the lowest out-of-sample RMSE among the candidates that are no worse than
 * the naive and the drift forecast on the same days; if there is none, the naive forecast. Baselines among the
 * contenders don't compete.
 * @throws StockcastError MODEL_KIND_UNKNOWN; MODEL_INPUT_INVALID when the naive forecast is not among the contenders
 */
export function choosePromotion(contenders: readonly Contender[]): PromotionChoice {
  const naive = contenders.find(({ kind }) => kind === FALLBACK);
  if (naive === undefined) {
    const problem = 'not among the evaluated models, though it serves when no candidate is good enough';
    throw new StockcastError('MODEL_INPUT_INVALID', { kind: FALLBACK, problem });
  }
  const candidates = contenders
    .filter(({ kind }) => kindNamed(kind).role === 'candidate')
    .sort((a, b) => a.evaluation.model.rmse - b.evaluation.model.rmse);
  const best = candidates.find(isNoWorseThanBaselines);
  const verdicts = candidates.map((candidate) => {
    const verdict = candidate === best ? 'promoted' : isNoWorseThanBaselines(candidate) ? 'not the best' : 'refused';
    return `${candidate.kind}: ${comparison(candidate.evaluation)}: ${verdict}`;
  });
  if (best !== undefined) return { kind: best.kind, modelId: best.modelId, reasons: verdicts };
  const why = candidates.length === 0 ? 'there was no candidate' : 'no candidate is as good as naive and drift';
  return { kind: naive.kind, modelId: naive.modelId, reasons: [...verdicts, `naive: promoted, since ${why}`] };
}

function isNoWorseThanBaselines({ evaluation: { model, naive, drift } }: Contender): boolean {
  return model.rmse <= naive.rmse && model.rmse <= drift.rmse;
}

function comparison({ model, naive, drift, nForecasts }: Evaluation): string {
  const against = [beside(model.rmse, naive.rmse, 'naive'), beside(model.rmse, drift.rmse, 'drift')];
  return `RMSE ${model.rmse.toFixed(4)} over ${nForecasts} forecasts is ${against.join(' and ')}`;
}

function beside(loss: number, baseline: number, name: string): string {
  if (loss === baseline) return `equal to ${name}`;
  const where = loss < baseline ? 'below' : 'above';
  if (baseline === 0) return `${where} ${name}, which made no error`;
  const percent = Math.abs(loss / baseline - 1) * 100;
  // Enough digits that a difference which decides is never shown as none.
  const shown = percent >= 0.05 ? percent.toFixed(1) : percent.toPrecision(1);
  return `${shown}% ${where} ${name}`;
}
