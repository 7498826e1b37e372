import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/identity.ts';
import { sessionOrdinals } from '../models/features/labels.ts';
import type { ShrunkForecasts } from '../models/evaluation/shrinkage.ts';
import { walkForwardKey } from './object-keys.ts';
import type { Services } from './services.ts';

const COLUMNS = ['y', 'raw', 'drift', 'volatility', 'shrinkage'] as const;

type StoredSeries = { readonly dates: readonly string[] } & { readonly [name in (typeof COLUMNS)[number]]: number[] };

/** Stores the walk-forward forecasts of a model for one ticker: everything that is said of the model rests on them. */
export async function storeSeries(
  services: Services,
  context: Context,
  modelId: string,
  series: ShrunkForecasts,
): Promise<void> {
  const { ordinals: _, ...plain } = series;
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, Array.from(series[name])]));
  const document = canonicalJson({ ...plain, ...columns, dates: [...series.dates] });
  await services.objects.put(context, walkForwardKey(series.ticker, modelId), new TextEncoder().encode(document));
}

/** Whether a model's walk-forward forecasts of a ticker are there. */
export function hasSeries(services: Services, context: Context, ticker: string, modelId: string): Promise<boolean> {
  return services.objects.exists(context, walkForwardKey(ticker, modelId));
}

/** Reads them back. @throws StockcastError OBJECT_MISSING, OBJECT_DAMAGED */
export async function readSeries(
  services: Services,
  context: Context,
  ticker: string,
  modelId: string,
): Promise<ShrunkForecasts> {
  const key = walkForwardKey(ticker, modelId);
  const bytes = await services.objects.get(context, key);
  try {
    const document = JSON.parse(new TextDecoder().decode(bytes)) as StoredSeries;
    const columns = Object.fromEntries(COLUMNS.map((name) => [name, Float64Array.from(document[name])]));
    const series = { ...document, ...columns, ordinals: sessionOrdinals(document.dates) };
    return series as unknown as ShrunkForecasts;
  } catch (cause) {
    throw new StockcastError('OBJECT_DAMAGED', { key, problem: 'not a series of forecasts' }, { cause });
  }
}
