import { StockcastError } from '../../domain/errors.ts';
import { mean } from '../baselines/drift.ts';
import { fitScaler } from '../linear/standard-scaler.ts';
import { checkTrainingRows } from '../model-input.ts';
import type { FitOptions, Matrix, Model, ModelKind } from '../model.ts';
import { type Random, seededRandom } from '../random.ts';
import { KIND, LstmModel, lstmFromObject, standardise } from './lstm-model.ts';
import { LSTM_DEFAULTS, LSTM_SPACE, lstmParameters, type LstmParameters } from './lstm-parameters.ts';
import { LstmTraining, type Sequences, type TrainingState } from './lstm-training.ts';
import { initialWeights } from './lstm-weights.ts';
import { loadedTensorFlow, tensorflowRuntime } from './tensorflow.ts';

/**
 * A long short-term memory over the last `lookback` sessions with a linear head, trained by Adam on the mean squared
 * error. The newest rows say when to stop: the weights with the lowest loss on them are kept, those before the first
 * epoch included, which forecast the mean label. Where they would leave less than half of the rows to train on, all are
 * trained on, for `patience` epochs. After each epoch but the last, a checkpoint is offered.
 *
 * Rows are ascending by session. Features and labels are standardised by the moments of the rows trained on.
 *
 * @example
 * await lstm.runtime?.load();
 * const model = lstm.fit(X, y, lstm.parameters({ lookback: 20 }), { seed: 1 });
 * const yHat = model.predict(X);
 */
export const lstm: ModelKind<LstmParameters> = {
  name: KIND,
  description: 'Recurrent network (LSTM) over the last sessions, stopped early by the newest of its training rows',
  role: 'candidate',
  defaults: LSTM_DEFAULTS,
  space: LSTM_SPACE,
  runtime: tensorflowRuntime,
  parameters: lstmParameters,
  lookback: ({ lookback }) => lookback,
  fit,
  fromObject: lstmFromObject,
};

function fit(X: Matrix, y: Float64Array, parameters: LstmParameters, options: FitOptions): Model {
  const { lookback, units } = parameters;
  options.signal?.throwIfAborted();
  checkTrainingRows(KIND, X, y);
  if (X.nColumns === 0 || X.nColumns % lookback !== 0) {
    const problem = `rows of ${X.nColumns} numbers can't hold ${lookback} sessions of equally many features`;
    throw new StockcastError('MODEL_INPUT_INVALID', { kind: KIND, problem });
  }
  const shape = { nSteps: lookback, nFeatures: X.nColumns / lookback, units };
  const { nTrained, nValidated } = split(X.nRows, parameters, options.overlap ?? 0);
  const sessions = X.values.subarray(0, nTrained * X.nColumns);
  const scaler = fitScaler({ nRows: nTrained * lookback, nColumns: shape.nFeatures, values: sessions });
  const labels = fitScaler({ nRows: nTrained, nColumns: 1, values: y.subarray(0, nTrained) });
  const [centre, spread] = [mean(y.subarray(0, nTrained)), labels.scale[0]!];
  const random = seededRandom(options.seed);
  let weights = initialWeights(shape, random);
  // Labels that are all alike leave nothing to learn: untrained, the network answers 0.
  if (spread > 0) {
    const data: Sequences = {
      x: standardise(X.values, scaler),
      y: Float32Array.from(y, (label) => (label - centre) / spread),
    };
    const begun = options.checkpoints?.resumeFrom as LstmState | undefined;
    const training = new LstmTraining(loadedTensorFlow(), shape, begun?.training ?? weights, data);
    try {
      weights = train(training, weights, { nTrained, nValidated, nRows: X.nRows }, parameters, random, options);
    } finally {
      training.dispose();
    }
  }
  options.onProgress?.(1);
  return new LstmModel({ shape, scaler, centre, spread, weights });
}

/** What is known after an epoch. */
type LstmState = {
  readonly epoch: number;
  readonly training: TrainingState;
  /** The weights with the lowest loss on the validation rows so far; the untrained ones count as epoch 0. */
  readonly best: Float32Array;
  readonly bestEpoch: number;
  readonly bestLoss: number;
};

interface Split {
  /** The oldest rows, which are trained on. */
  readonly nTrained: number;
  /** The newest, which say when to stop; 0: none. */
  readonly nValidated: number;
}

function split(nRows: number, { validationShare, purge }: LstmParameters, overlap: number): Split {
  const nValidated = Math.floor(nRows * validationShare);
  const nTrained = nRows - nValidated - Math.max(purge, overlap);
  return nValidated > 0 && nTrained >= nRows / 2 ? { nTrained, nValidated } : { nTrained: nRows, nValidated: 0 };
}

function train(
  training: LstmTraining,
  untrained: Float32Array,
  { nRows, nTrained, nValidated }: Split & { readonly nRows: number },
  parameters: LstmParameters,
  random: Random,
  { signal, onProgress, checkpoints }: FitOptions,
): Float32Array {
  const { batchSize, learningRate, patience } = parameters;
  const epochs = nValidated > 0 ? parameters.epochs : Math.min(parameters.epochs, patience);
  const order = Int32Array.from({ length: nTrained }, (_, row) => row);
  const validated = Int32Array.from({ length: nValidated }, (_, i) => nRows - nValidated + i);
  const begun = checkpoints?.resumeFrom as LstmState | undefined;
  let best = begun?.best ?? untrained;
  let bestEpoch = begun?.bestEpoch ?? 0;
  let bestLoss = begun?.bestLoss ?? (nValidated > 0 ? training.loss(validated) : Infinity);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    // Each order is made of the one before it, so those of epochs that are done are drawn again.
    shuffle(order, random);
    if (epoch <= (begun?.epoch ?? 0)) continue;
    for (let from = 0; from < nTrained; from += batchSize) {
      signal?.throwIfAborted();
      training.step(order.subarray(from, from + batchSize), learningRate);
    }
    onProgress?.(epoch / epochs);
    if (nValidated > 0) {
      const loss = training.loss(validated);
      if (loss < bestLoss) [best, bestEpoch, bestLoss] = [training.weights(), epoch, loss];
      else if (epoch - bestEpoch >= patience) break;
    }
    checkpoints?.offer((): LstmState => ({ epoch, training: training.state(), best, bestEpoch, bestLoss }));
  }
  return nValidated > 0 ? best : training.weights();
}

/** Every order equally likely (Fisher and Yates). */
function shuffle(order: Int32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.nextInt(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}
