import type { Evaluation } from '../../domain/evaluation.ts';
import type { ModelVersion } from '../../domain/model-version.ts';
import type { ShrunkForecasts } from '../../models/evaluation/shrinkage.ts';
import type { Caption } from './svg.ts';

/** What pictures are drawn of: an evaluated model of one ticker, and the forecasts that it was judged by. */
export interface Subject {
  readonly model: Pick<ModelVersion, 'id' | 'ticker' | 'horizon' | 'kind'>;
  readonly evaluation: Evaluation;
  readonly series: ShrunkForecasts;
}

/** A caption that names the model; nothing in it changes with the time or place of drawing. */
export function captionOf(
  { model, evaluation }: Subject,
  name: string,
  said: { readonly what: string; readonly subtitle: string; readonly description: string },
): Caption {
  const { id, ticker, kind } = model;
  const { nForecasts, firstOrigin, lastOrigin } = evaluation;
  return {
    id: `${name}-${id.slice(0, 12)}`,
    title: `${ticker}, ${inSessions(model.horizon)} ahead, ${kind}: ${said.what}`,
    subtitle: said.subtitle,
    description: said.description,
    footer: `${count(nForecasts)} walk-forward forecasts from ${firstOrigin} to ${lastOrigin}, each with what was known then · model ${id.slice(0, 12)}`,
  };
}

/** `1 session`, `10 sessions`. */
export function inSessions(n: number): string {
  return n === 1 ? '1 session' : `${n} sessions`;
}

/** A whole number with its thousands apart. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}
