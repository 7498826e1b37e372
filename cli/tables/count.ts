/** `1 run`, `2 runs`: how many of something, for nouns that take an s. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
