import type { Random } from '../random.ts';

/** The sizes that decide an LSTM's weights. */
export interface LstmShape {
  /** Steps of a sequence, oldest first. */
  readonly nSteps: number;
  readonly nFeatures: number;
  readonly units: number;
}

/**
 * How many weights there are. They lie in one array, each row-major, in Keras' order: kernel `[nFeatures, 4 units]`,
 * recurrent kernel `[units, 4 units]` and bias `[4 units]`, the gates in the order input, forget, cell, output; then
 * the head's kernel `[units]` and bias.
 */
export function weightCount({ nFeatures, units }: LstmShape): number {
  return headOffset({ nFeatures, units }) + units + 1;
}

/** Where the head's kernel begins. */
export function headOffset({ nFeatures, units }: Pick<LstmShape, 'nFeatures' | 'units'>): number {
  return 4 * units * (nFeatures + units + 1);
}

/**
 * Weights to begin with: the kernel uniform (Glorot), the rows of the recurrent kernel orthonormal, the forget gate's
 * bias 1 and everything else 0, so that an untrained model forecasts 0.
 * Source: Glorot and Bengio, AISTATS 2010, equation 16; Saxe et al., ICLR 2014; Jozefowicz et al., ICML 2015.
 */
export function initialWeights(shape: LstmShape, random: Random): Float32Array {
  const { nFeatures, units } = shape;
  const width = 4 * units;
  const weights = new Float32Array(weightCount(shape));
  const limit = Math.sqrt(6 / (nFeatures + width));
  for (let i = 0; i < nFeatures * width; i++) weights[i] = (2 * random.next() - 1) * limit;
  weights.set(orthonormalRows(units, width, random), nFeatures * width);
  const bias = (nFeatures + units) * width;
  weights.fill(1, bias + units, bias + 2 * units);
  return weights;
}

/** Directions drawn evenly, each made orthogonal to those before it (modified Gram-Schmidt). */
function orthonormalRows(nRows: number, nColumns: number, random: Random): Float64Array {
  const rows = Float64Array.from({ length: nRows * nColumns }, () => normal(random));
  const row = (i: number) => rows.subarray(i * nColumns, (i + 1) * nColumns);
  for (let i = 0; i < nRows; i++) {
    const current = row(i);
    for (let j = 0; j < i; j++) {
      const before = row(j);
      const overlap = dot(current, before);
      for (let k = 0; k < nColumns; k++) current[k] = current[k]! - overlap * before[k]!;
    }
    const length = Math.sqrt(dot(current, current));
    for (let k = 0; k < nColumns; k++) current[k] = current[k]! / length;
  }
  return rows;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** A standard normal number (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
