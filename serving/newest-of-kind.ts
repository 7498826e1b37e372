import type { Context } from '../domain/context.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { VersionFilter } from '../stores/registry/model-registry.ts';
import type { Services } from './services.ts';

/**
 * What is meant by a kind's name: its newest version that was evaluated, or, where a certificate is needed, that has one.
 * A newer one may be there whose run is still under way or ended before that; the newest of all stands in only where no
 * version has what is needed.
 */
export async function newestOfKind(
  { registry }: Services,
  context: Context,
  model: { readonly ticker: string; readonly horizon: Horizon; readonly kind: string },
  having: NonNullable<VersionFilter['having']> = 'evaluation',
): Promise<ModelVersion | undefined> {
  const { ticker, horizon, kind } = model;
  const complete = await registry.newest(context, ticker, horizon, kind, { having });
  return complete ?? registry.newest(context, ticker, horizon, kind);
}
