/** The longer a computation has taken, the rarer its checkpoints: so much of the time is lost at most. */
const LOST_SHARE = 1 / 20;

/**
 * Says when a checkpoint is due: after `everyMs`, or a twentieth of the time computed so far if that is longer; or as soon
 * as somebody else adds to `wanted`, a counter in shared memory.
 */
export class CheckpointPace {
  readonly #everyMs: number;
  readonly #wanted: Int32Array;
  readonly #begun: number;
  #seen: number;
  #last: number;

  /** `now` is when the computation begins, in milliseconds from anywhere. */
  constructor(everyMs: number, wanted: Int32Array, now: number) {
    this.#everyMs = everyMs;
    this.#wanted = wanted;
    this.#seen = Atomics.load(wanted, 0);
    this.#begun = now;
    this.#last = now;
  }

  /** Whether one is due at this time; it then counts as made. */
  isDue(now: number): boolean {
    const wanted = Atomics.load(this.#wanted, 0);
    const wait = Math.max(this.#everyMs, (now - this.#begun) * LOST_SHARE);
    if (wanted === this.#seen && now - this.#last < wait) return false;
    this.#seen = wanted;
    this.#last = now;
    return true;
  }
}
