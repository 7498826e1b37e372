/** Plain data that says how far a computation has come: what a structured clone keeps, to the bit. */
export type State =
  | null
  | boolean
  | number
  | string
  | Int32Array
  | Float32Array
  | Float64Array
  | readonly State[]
  | { readonly [name: string]: State };

/** Lets a long computation be left and taken up again by another that was started in the same way. */
export interface Checkpoints {
  /**
   * What an equal computation (same data, parameters, seed, code and backend, for which the caller vouches) has offered:
   * this one goes on from there, and ends in the same bytes. Absent: it begins at the beginning.
   */
  readonly resumeFrom?: State;
  /**
   * Called at every point from which another could go on. `state` says how: it takes time, so that it is called only when
   * it is wanted, and what it gives is to be copied before `offer` returns.
   */
  offer(state: () => State): void;
}
