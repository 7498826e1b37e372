/** The first of `length` positions at which two arrays differ in even one bit; -1 when there is none. */
export function firstDifference<T>(a: ArrayLike<T>, b: ArrayLike<T>, length: number): number {
  for (let i = 0; i < length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}
