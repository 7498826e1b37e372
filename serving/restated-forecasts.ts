import type { Instant, SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { type Forecast, forecastId, isPast, pastForecastId } from '../domain/forecast.ts';
import { type Horizon, MAX_HORIZON } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { RESTATED_COLUMNS, type Restatement, type TickerRestatement } from '../domain/restatement.ts';
import type { RowVersion } from '../stores/lineage/lineage-store.ts';
import type { Services } from './services.ts';

/** Most forecasts of one ticker and horizon that are looked at. */
const MOST_FORECASTS = 100_000;

/** A forecast, live or as of a past day, that rests on changed history. */
export interface RestingForecast {
  readonly id: string;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly modelId: string;
  readonly originSession: SessionDate;
  readonly targetSession: SessionDate;
}

/**
 * The forecasts that rest on history as it was before a restatement: all by models that do, and those by other models
 * that looked at a session or event which says something else now. By ticker, horizon and session.
 */
export async function restatedForecasts(
  services: Services,
  context: Context,
  restatement: Restatement,
  models: readonly ModelVersion[],
): Promise<RestingForecast[]> {
  const ids = new Set(models.map(({ id }) => id));
  const lines = new Map(models.map(({ ticker, horizon }) => [`${ticker}/${horizon}`, { ticker, horizon }]));
  const looked = new Map<string, (forecast: Forecast) => boolean>();
  for (const change of restatement.tickers) {
    const { ticker } = change;
    looked.set(ticker, await lookedAtOld(services, context, restatement, change));
    for (let horizon = 1; horizon <= MAX_HORIZON; horizon++) lines.set(`${ticker}/${horizon}`, { ticker, horizon });
  }
  const found: RestingForecast[] = [];
  for (const { ticker, horizon } of lines.values()) {
    const asked = { horizon, limit: MOST_FORECASTS };
    const made = [
      ...(await services.forecasts.ofTicker(context, ticker, asked)),
      ...(await services.forecasts.pastOfTicker(context, ticker, asked)),
    ];
    for (const forecast of made) {
      const { modelId, originSession, targetSession } = forecast;
      if (!ids.has(modelId) && looked.get(ticker)?.(forecast) !== true) continue;
      const id = isPast(forecast) ? pastForecastId(forecast) : forecastId(forecast);
      found.push({ id, ticker, horizon, modelId, originSession, targetSession });
    }
  }
  return found;
}

/** Tells of a forecast of the ticker whether it saw another value of something changed than that is said to have now. */
async function lookedAtOld(
  services: Services,
  context: Context,
  restatement: Restatement,
  { ticker, events }: TickerRestatement,
): Promise<(forecast: Forecast) => boolean> {
  const now = [
    ...(await services.restatements.changes(context, restatement, ticker)).map(({ date, after }) => ({
      ...{ date, kind: 'bar' },
      values: RESTATED_COLUMNS.map((column) => after[column]),
    })),
    ...events.map(({ date, kind, after }) => ({ date, kind, values: [after] })),
  ];
  const held = new Map<string, RowVersion[]>();
  for (const version of await services.lineage.versions(context, ticker)) {
    const name = `${version.date} ${version.kind}`;
    held.set(name, [...(held.get(name) ?? []), version]);
  }
  return (forecast) => {
    const { originSession, madeAt } = forecast;
    const knownAt = isPast(forecast) ? forecast.vantage.knownAt : madeAt;
    if (knownAt >= restatement.learntAt) return false;
    return now.some(({ date, kind, values }) => {
      if (date > originSession) return false;
      const seen = held.get(`${date} ${kind}`)?.findLast((version) => wasSeen(version, madeAt, knownAt));
      return seen?.values.join(' ') !== values.join(' ');
    });
  };
}

// A first version counts as known from its session's close, but nobody can see it before it is held.
function wasSeen({ version, learntAt }: RowVersion, madeAt: Instant, knownAt: Instant): boolean {
  return learntAt <= (version === 1 ? madeAt : knownAt);
}
