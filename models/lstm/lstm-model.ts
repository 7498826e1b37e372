import type { Json } from '../../domain/identity.ts';
import type { StandardScaler } from '../linear/standard-scaler.ts';
import { checkFeatureCount } from '../model-input.ts';
import type { Matrix, Model } from '../model.ts';
import { savedModel } from '../saved-model.ts';
import { float32sFrom, float32Text } from './float32-text.ts';
import { lstmAnswers } from './lstm-forward.ts';
import { type LstmShape, weightCount } from './lstm-weights.ts';

export const KIND = 'lstm';

/** What a fit leaves behind. */
export interface FittedLstm {
  readonly shape: LstmShape;
  /** Moments of each feature, over all sessions of the rows trained on. */
  readonly scaler: StandardScaler;
  /** Moments of the labels trained on: yHat = centre + spread x the network's answer. */
  readonly centre: number;
  readonly spread: number;
  /** As `weightCount` describes them. */
  readonly weights: Float32Array;
}

/** A fitted LSTM: standardises a row's sessions, runs the network over them and puts its answer on the labels' scale. */
export class LstmModel implements Model {
  readonly kind = KIND;
  readonly #fitted: FittedLstm;

  constructor(fitted: FittedLstm) {
    this.#fitted = fitted;
  }

  predict(X: Matrix): Float64Array {
    const { shape, scaler, centre, spread, weights } = this.#fitted;
    checkFeatureCount(KIND, X, shape.nSteps * shape.nFeatures);
    const sequences = standardise(X.values, scaler);
    return Float64Array.from(lstmAnswers(shape, weights, sequences), (answer) => centre + spread * answer);
  }

  toObject(): Json {
    const { shape, scaler, centre, spread, weights } = this.#fitted;
    return {
      kind: KIND,
      ...shape,
      mean: [...scaler.mean],
      scale: [...scaler.scale],
      centre,
      spread,
      weights: float32Text(weights),
    };
  }
}

/** Standardised `values` `[n, nFeatures]`; a feature that was constant in training counts for nothing. */
export function standardise(values: Float64Array, { mean, scale }: StandardScaler): Float32Array {
  const nFeatures = mean.length;
  const sessions = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += nFeatures) {
    for (let j = 0; j < nFeatures; j++) {
      const spread = scale[j]!;
      sessions[start + j] = spread > 0 ? (values[start + j]! - mean[j]!) / spread : 0;
    }
  }
  return sessions;
}

/**
 * Reads what `toObject` wrote.
 * @throws StockcastError OBJECT_DAMAGED
 */
export function lstmFromObject(object: Json): Model {
  const saved = savedModel(KIND, object);
  const shape = {
    nSteps: saved.count('nSteps', 1),
    nFeatures: saved.count('nFeatures', 1),
    units: saved.count('units', 8),
  };
  if (shape.units % 8 !== 0) throw saved.damaged(`"units" is ${shape.units}, expected a multiple of 8`);
  const scaler = { mean: saved.numbers('mean', shape.nFeatures), scale: saved.numbers('scale', shape.nFeatures) };
  if (scaler.scale.some((scale) => scale < 0)) throw saved.damaged('"scale" holds a negative number');
  const { weights } = object as { readonly weights?: Json };
  if (typeof weights !== 'string') throw saved.damaged('"weights" is not a text');
  let numbers: Float32Array;
  try {
    numbers = float32sFrom(weights, weightCount(shape));
  } catch (error) {
    throw saved.damaged(`"weights" can't be read: ${(error as RangeError).message}`);
  }
  return new LstmModel({
    shape,
    scaler,
    centre: saved.number('centre'),
    spread: saved.number('spread'),
    weights: numbers,
  });
}
