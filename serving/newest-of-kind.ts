import type { Context } from '../domain/context.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { Services } from './services.ts';

/**
 * What is meant by a kind's name: its newest version that was evaluated. A newer one may be there whose run is still
 * under way or ended before that; it stands in only where none was evaluated.
 */
export async function newestOfKind(
  { registry }: Services,
  context: Context,
  ticker: string,
  horizon: Horizon,
  kind: string,
): Promise<ModelVersion | undefined> {
  const judged = await registry.newest(context, ticker, horizon, kind, { having: 'evaluation' });
  return judged ?? registry.newest(context, ticker, horizon, kind);
}
