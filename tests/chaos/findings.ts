import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../../domain/context.ts';
import { POOL } from '../../domain/model-version.ts';
import type { CanonicalProjection } from '../../serving/canonical-projection.ts';
import type { Services } from '../../serving/services.ts';

/** Says in one line each how what a run brought differs from what it should have brought. */
export function differences(found: CanonicalProjection, expected: CanonicalProjection): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [is, should] = [found[name], expected[name]];
    if (is === undefined) return [`${name} is missing`];
    if (should === undefined) return [`${name} should not be there: ${JSON.stringify(is)}`];
    if (isDeepStrictEqual(is, should)) return [];
    return [`${name} is ${JSON.stringify(is)} and should be ${JSON.stringify(should)}`];
  });
}

/** Says in one line each what is there twice, out of order or lost after one run of some tickers. */
export async function crookedness(
  services: Services,
  context: Context,
  { tickers, horizons }: { readonly tickers: readonly string[]; readonly horizons: readonly number[] },
): Promise<string[]> {
  const found: string[] = [];
  for (const ticker of tickers) {
    const history = await services.ledger.history(context, ticker);
    for (const horizon of horizons) {
      const place = `${ticker} at horizon ${horizon}`;
      const entries = history.filter((entry) => entry.horizon === horizon).reverse();
      if (entries.length !== 1) found.push(`${place} has ${entries.length} entries in the ledger`);
      for (const [i, { previousModelId }] of entries.entries()) {
        if (previousModelId !== entries[i - 1]?.modelId) found.push(`${place}: the ledger is broken at entry ${i + 1}`);
      }
      const forecasts = await services.forecasts.ofTicker(context, ticker, { horizon, limit: 1_000_000 });
      const names = forecasts.map(({ modelId, originSession }) => `${modelId} from ${originSession}`);
      if (names.length === 0) found.push(`${place} has no forecast`);
      for (const name of repeated(names)) found.push(`${place}: the forecast of ${name} is there twice`);
    }
  }
  for (const ticker of [...tickers, POOL]) {
    for (const horizon of horizons) {
      const kinds: string[] = [];
      for (const { id } of await services.registry.standings(context, ticker, horizon)) {
        const model = (await services.registry.find(context, id))!;
        kinds.push(model.kind);
        if (!(await services.objects.exists(context, model.objectKey)))
          found.push(`the object ${model.objectKey} is lost`);
      }
      for (const kind of repeated(kinds)) found.push(`${ticker} at horizon ${horizon} has more than one ${kind}`);
    }
  }
  return found;
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}
