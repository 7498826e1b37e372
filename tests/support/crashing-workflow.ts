/**
 * A workflow that ends the thread that it runs in, which no workflow should be able to: it leaves Temporal's sandbox by
 * way of a class that comes from outside.
 */
export async function crash(): Promise<void> {
  const outside = TextEncoder.constructor as (source: string) => () => NodeJS.Process;
  outside('return process')().exit(1);
}
