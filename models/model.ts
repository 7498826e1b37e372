import type { Json } from '../domain/identity.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { SearchSpace } from './search/search-space.ts';

/** A dense row-major matrix: cell (row, column) is `values[row * nColumns + column]`. */
export interface Matrix {
  readonly nRows: number;
  readonly nColumns: number;
  readonly values: Float64Array;
}

/** What a fit may use besides the data. Same seed and data, same bytes. */
export interface FitOptions {
  readonly seed: number;
  /** Rows after each row whose labels overlap with its own: whoever validates within a fit leaves so many out. */
  readonly overlap?: number;
  /** Ends the fit early by throwing its reason. */
  readonly signal?: AbortSignal;
  /** Told the fraction done, from 0 to 1, ascending. */
  readonly onProgress?: (fraction: number) => void;
  /** Where a fit that takes long can be left and taken up again; kinds that take no time leave it alone. */
  readonly checkpoints?: Checkpoints;
}

/** Something besides TypeScript that does a kind's arithmetic, for example a tensor library. */
export interface ModelRuntime {
  /** Loads it, once per process or thread; `fit` may be called afterwards. Returns its name and version. */
  load(): Promise<string>;
}

/** A fitted model. `predict` maps `X` `[nRows, nFeatures]` to `yHat` `[nRows]` and mutates nothing. */
export interface Model {
  readonly kind: string;
  /**
   * @throws StockcastError MODEL_INPUT_INVALID when `X` has another number of features than the training rows
   */
  predict(X: Matrix): Float64Array;
  /** Everything needed to predict again, as plain JSON; `fromObject` of its kind gives back a model with equal answers. */
  toObject(): Json;
}

/** A way to learn: one folder and one line in the table of kinds (`models/kinds.ts`). */
export interface ModelKind<P extends { readonly [name: string]: Json } = { readonly [name: string]: Json }> {
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  /** `baseline` kinds are what others are measured against. */
  readonly role: 'baseline' | 'candidate';
  readonly defaults: P;
  /** The parameters that are worth searching; absent: none. */
  readonly space?: SearchSpace;
  /** Loaded before the first fit; `predict` and `fromObject` never need it. Absent: plain TypeScript. */
  readonly runtime?: ModelRuntime;
  /** Most sessions that one fit forecasts in an evaluation before the next fit; by default a year. */
  readonly refitEvery?: number;
  /**
   * Checks parameters that differ from the defaults and returns the full set.
   * @throws StockcastError PARAMETER_INVALID naming the parameter, its value and what is possible
   */
  parameters(overrides: Json): P;
  /**
   * Consecutive sessions that one row of `X` covers, the forecast's own last: `X` then has `lookback` x nFeatures
   * columns, oldest session first, and a session that has fewer neighbours before it, or a gap among them, gets no row.
   * 1 when absent.
   */
  lookback?(parameters: P): number;
  /** Fits on `X` `[nRows, nFeatures]` and `y` `[nRows]`; leaves both unchanged. */
  fit(X: Matrix, y: Float64Array, parameters: P, options: FitOptions): Model;
  /** @throws StockcastError OBJECT_DAMAGED when the object is not one that `toObject` of this kind made */
  fromObject(object: Json): Model;
}
