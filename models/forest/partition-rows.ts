// Entries are `row << 8 | bin`; `marks` holds 1 or 0 per row. The loops write without asking and step by the mark: a
// branch on where a row goes would be guessed wrong half of the time.

/** Copies the entries of marked rows from `source` `[from, to)` to `target` from `from` on, in order. */
export function keepMarked(
  source: Int32Array,
  from: number,
  to: number,
  marks: Uint8Array,
  target: Int32Array = source,
): void {
  let kept = from;
  for (let i = from; i < to; i++) {
    const entry = source[i]!;
    target[kept] = entry;
    kept += marks[entry >>> 8]!;
  }
}

/** Moves the entries of unmarked rows in `[from, to)` to its end, in order. */
export function keepUnmarked(lists: Int32Array, from: number, to: number, marks: Uint8Array): void {
  let free = to - 1;
  for (let i = to - 1; i >= from; i--) {
    const entry = lists[i]!;
    lists[free] = entry;
    free -= 1 - marks[entry >>> 8]!;
  }
}

/**
 * Moves the entries of marked rows in `[from, to)` to its start and copies those of unmarked rows to `other` from
 * `middle` on (where the marked ones end), both in order. `other` must have a place at `to`; what lies there stays.
 */
export function partitionMarked(
  lists: Int32Array,
  other: Int32Array,
  from: number,
  middle: number,
  to: number,
  marks: Uint8Array,
): void {
  // Marked entries that follow the last unmarked one are written just beyond the end.
  const beyond = other[to]!;
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const entry = lists[i]!;
    const step = marks[entry >>> 8]!;
    lists[left] = entry;
    other[right] = entry;
    left += step;
    right += 1 - step;
  }
  other[to] = beyond;
}
