/** A number of things, thousands separated: "1 session", "3,240 sessions". */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}
