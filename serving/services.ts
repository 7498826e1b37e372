import { DEFAULT_THRESHOLDS, type GateThresholds } from '../domain/gate.ts';
import { DEFAULT_PRICE_SETTINGS, type PriceSettings } from '../domain/price-source.ts';
import type { Model } from '../models/model.ts';
import type { PredictionLog } from '../stores/audit/prediction-log.ts';
import type { BarStore } from '../stores/bars/bar-store.ts';
import type { DriftStore } from '../stores/drift/drift-store.ts';
import type { ExperimentStore } from '../stores/experiments/experiment-store.ts';
import type { ForecastStore } from '../stores/forecasts/forecast-store.ts';
import type { Ledger } from '../stores/ledger/ledger.ts';
import type { LineageStore } from '../stores/lineage/lineage-store.ts';
import type { ObjectStore } from '../stores/objects/object-store.ts';
import type { ModelRegistry } from '../stores/registry/model-registry.ts';
import type { RestatementStore } from '../stores/restatements/restatement-store.ts';
import type { ScoreStore } from '../stores/scores/score-store.ts';
import type { TrialStore } from '../stores/trials/trial-store.ts';
import type { HotFeatures } from './feature-store.ts';
import { LivePrices } from './live-prices.ts';
import { LoadedModels } from './loaded-models.ts';
import { type Quotes, SourceQuotes } from './quotes.ts';
import { RestatementAlarm } from './restatement-alarm.ts';
import { SoundQuotes } from './sound-quotes.ts';

/** The stores that the use cases work on. */
export interface Stores {
  readonly bars: BarStore;
  readonly forecasts: ForecastStore;
  readonly registry: ModelRegistry;
  readonly ledger: Ledger;
  readonly lineage: LineageStore;
  readonly trials: TrialStore;
  readonly restatements: RestatementStore;
  readonly scores: ScoreStore;
  readonly drift: DriftStore;
  readonly experiments: ExperimentStore;
  readonly objects: ObjectStore;
  readonly predictionLog: PredictionLog;
}

/** Everything that the use cases need, put together once per process by its composition root. */
export interface Services extends Stores {
  /** Hash of the sources that compute; part of every model's identity. */
  readonly codeVersion: string;
  /** What a model must reach before it may serve. */
  readonly thresholds: GateThresholds;
  /** Models already read from the object store. */
  readonly loaded: LoadedModels<Model>;
  /** The live price sources, and what is being fetched from them. */
  readonly prices: LivePrices;
  /** Answers what a ticker costs now; a cache may stand before the sources. */
  readonly quotes: Quotes;
  /** Told of changed history as it is taken in. */
  readonly alarm: RestatementAlarm;
  /** Where online features are held; absent, they are computed for each who asks. */
  readonly hotFeatures?: HotFeatures;
}

/** Puts the use cases on the given stores. */
export function createServices(
  stores: Stores,
  codeVersion: string,
  thresholds: GateThresholds = DEFAULT_THRESHOLDS,
  priceSettings: PriceSettings = DEFAULT_PRICE_SETTINGS,
): Services {
  const prices = new LivePrices(priceSettings);
  const alarm = new RestatementAlarm(() => services);
  const quotes = new SoundQuotes(new SourceQuotes(prices.sources), { bars: stores.bars, prices, alarm });
  const services: Services = { ...stores, codeVersion, thresholds, loaded: new LoadedModels(), prices, quotes, alarm };
  return services;
}
